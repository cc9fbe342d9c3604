"""Packages for a host of the lab, which reaches no mirror: this machine's apt fetches them."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.integration.harness import Lab

REMOTE = "/var/tmp/debs"
# The host's own sources are out of its reach.
SOURCE = f"""
rm -rf /var/tmp/sources && mkdir /var/tmp/sources
mv /etc/apt/sources.list /etc/apt/sources.list.d/* /var/tmp/sources/ 2>/dev/null
echo 'deb [trusted=yes] file:{REMOTE} ./' >/etc/apt/sources.list.d/local.list
"""
NO_SOURCE = f"""
rm -rf /etc/apt/sources.list.d/local.list {REMOTE} /var/lib/apt/lists/*
cd /var/tmp/sources && for file in *; do
    case $file in
    sources.list) mv $file /etc/apt/;;
    *) mv $file /etc/apt/sources.list.d/;;
    esac
done 2>/dev/null; true
"""


def fetch(lab: Lab, host: str, packages: Sequence[str], folder: Path) -> Path:
    """Download packages with what they depend on, as far as the host does not have it."""
    status = folder / "status"
    status.write_text(lab.ssh(host, "cat /var/lib/dpkg/status").stdout)
    debs = folder / "debs"
    (debs / "partial").mkdir(parents=True)
    command = ["apt-get", "-qq", "-y", "--no-install-recommends", "--download-only"]
    options = [f"Dir::State::status={status}", f"Dir::Cache::archives={debs}"]
    words = [word for option in options for word in ("-o", option)]
    done = subprocess.run(
        [*command, *words, "install", *packages], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (debs / "partial").rmdir()
    (debs / "lock").unlink(missing_ok=True)
    return debs


def push(lab: Lab, host: str, debs: Path) -> None:
    """Bring the packages to the host."""
    lab.ssh(host, f"rm -rf {REMOTE}")
    lab.push(host, debs, REMOTE)


def install(lab: Lab, host: str, package: str, folder: Path) -> None:
    """Install a package with what it depends on."""
    push(lab, host, fetch(lab, host, [package], folder))
    lab.ssh(
        host,
        f"DEBIAN_FRONTEND=noninteractive dpkg -i {REMOTE}/*.deb >/var/tmp/dpkg.log 2>&1"
        " || { tail -n 30 /var/tmp/dpkg.log; exit 1; }",
        timeout=400,
    )


def offer(lab: Lab, host: str, packages: Sequence[str], folder: Path) -> None:
    """Let the host's own apt install packages: from a folder that it has as its only source."""
    debs = fetch(lab, host, packages, folder)
    index = "".join(map(_entry, sorted(debs.glob("*.deb"))))
    (debs / "Packages").write_text(index)
    push(lab, host, debs)
    lab.ssh(host, SOURCE)


def _entry(deb: Path) -> str:
    """A paragraph of an index of packages, as dpkg-scanpackages(1) writes it."""
    fields = subprocess.run(["dpkg-deb", "-f", deb], capture_output=True, text=True, check=True)
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    file = f"Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"
    return fields.stdout.rstrip("\n") + "\n" + file + "\n"
