"""What the benchmark measures against, fetched once into the cache and never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

CACHE = Path(os.environ["TUNNELMESH_CACHE"]) / "bench"
# The last release of Ansible's package that carries the peer, at its last version 2.1.1.
PEER_PACKAGE = "ansible==10.7.0"
PEER = "ansible_collections/openvswitch/openvswitch/"
# What ovs-vswitchd and ovsdb-server need; apt adds what this machine lacks.
SWITCH_PACKAGES = ("openvswitch-switch", "openvswitch-common")


def _run(*parts: list[str]) -> None:
    command = [word for part in parts for word in part]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        text = done.stdout.decode(errors="replace")
        raise RuntimeError(f"{' '.join(command)} failed:\n{text}")


def peer() -> Path:
    """A collections path with the collection openvswitch.openvswitch."""
    target = CACHE / "peer"
    if not (target / PEER / "MANIFEST.json").exists():
        draft = CACHE / "peer.new"
        shutil.rmtree(draft, ignore_errors=True)
        _run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"],
            ["--disable-pip-version-check", "--dest", str(draft), PEER_PACKAGE],
        )
        (wheel,) = draft.glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(draft, [n for n in archive.namelist() if n.startswith(PEER)])
        wheel.unlink()
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    return target


def switch() -> Path:
    """A folder with the files of Debian's Open vSwitch packages: nothing is installed."""
    target = CACHE / "switch"
    if not (target / "usr/sbin/ovsdb-server").exists():
        draft = CACHE / "switch.new"
        shutil.rmtree(draft, ignore_errors=True)
        archives = draft / "archives"
        (archives / "partial").mkdir(parents=True)
        options = ["-qq", "-o", f"Dir::Cache::archives={archives}"]
        _run(["apt-get", "-qq", "update"])
        _run(
            ["apt-get", *options, "install", "--download-only", "--reinstall", "--yes"],
            ["--no-install-recommends", *SWITCH_PACKAGES],
        )
        for package in archives.glob("*.deb"):
            _run(["dpkg-deb", "--extract", str(package), str(draft)])
        shutil.rmtree(archives)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    return target
