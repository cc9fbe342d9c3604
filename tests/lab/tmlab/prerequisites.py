"""What the machine needs: root, a few Debian packages, /dev/net/tun."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from . import xstate
from .errors import LabError
from .paths import cache_dir, locked
from .progress import Progress
from .shell import run

PACKAGE_OF: Mapping[str, str] = {
    "linux.uml": "user-mode-linux",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "tc": "iproute2",
    "bridge": "iproute2",
    "tcpdump": "tcpdump",
    "nc": "netcat-openbsd",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "taskset": "util-linux",
    "mke2fs": "e2fsprogs",
}

_ROOT_PATH = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def extend_path() -> None:
    """Find programs also where only root's PATH leads."""
    path = os.environ.get("PATH", os.defpath).split(":")
    missing = [folder for folder in _ROOT_PATH if folder not in path]
    os.environ["PATH"] = ":".join([*path, *missing])


def require_root() -> None:
    """Raise LabError unless this process may create namespaces and taps."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root (network namespace, taps, root file system): use sudo")


def ensure(progress: Progress) -> None:
    """Install the missing packages with apt.

    Raises LabError when not root, when there is no tun device, or no apt to install with.
    """
    require_root()
    if not Path("/dev/net/tun").exists():
        raise LabError("/dev/net/tun is missing: load the tun module or pass the device in")
    if _missing():
        with locked(cache_dir() / "packages.lock"):  # of two labs at once, the second waits
            _install(_missing(), progress)
    if xstate.needed():
        xstate.ensure()


def _missing() -> list[str]:
    wanted = {**PACKAGE_OF, **(xstate.PACKAGE_OF if xstate.needed() else {})}
    return sorted({package for thing, package in wanted.items() if not _exists(thing)})


def _exists(thing: str) -> bool:
    """A file by its path, a program by its name."""
    return Path(thing).exists() if thing.startswith("/") else bool(shutil.which(thing))


def _install(packages: list[str], progress: Progress) -> None:
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise LabError(f"missing, and there is no apt-get to install it: {' '.join(packages)}")
    progress(f"installing packages: {' '.join(packages)}")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    apt = [*environment, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    run([*apt, "update"])
    run([*apt, "install", "-y", "--no-install-recommends", *packages])
