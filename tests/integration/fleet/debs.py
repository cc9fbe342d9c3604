"""Packages for a host of the lab, which reaches no mirror: this machine's apt fetches them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.harness import Lab

REMOTE = "/var/tmp/debs"


def install(lab: Lab, host: str, package: str, folder: Path) -> None:
    """Install a package with what it depends on, as far as the host does not have it."""
    status = folder / "status"
    status.write_text(lab.ssh(host, "cat /var/lib/dpkg/status").stdout)
    (folder / "debs" / "partial").mkdir(parents=True)
    command = ["apt-get", "-qq", "-y", "--no-install-recommends", "--download-only"]
    options = [f"Dir::State::status={status}", f"Dir::Cache::archives={folder / 'debs'}"]
    words = [word for option in options for word in ("-o", option)]
    done = subprocess.run(
        [*command, *words, "install", package], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "debs" / "partial").rmdir()
    lab.ssh(host, f"rm -rf {REMOTE}")
    lab.push(host, folder / "debs", REMOTE)
    lab.ssh(
        host,
        f"DEBIAN_FRONTEND=noninteractive dpkg -i {REMOTE}/*.deb >/var/tmp/dpkg.log 2>&1"
        " || { tail -n 30 /var/tmp/dpkg.log; exit 1; }",
        timeout=400,
    )
