"""Where the lab keeps its files. Nothing is written outside the cache folder."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LabError

GUEST_FILES = Path(__file__).resolve().parent.parent / "guest"
# What guests need outside, on this machine.
MACHINE_FILES = GUEST_FILES.with_name("machine")
REPOSITORY = Path(__file__).resolve().parents[3]
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+@-]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def cache_dir() -> Path:
    """The cache folder: $TUNNELMESH_CACHE, or .cache at the root of the repository.

    Raises LabError for a path with characters that would need quoting.
    """
    path = Path(os.environ.get("TUNNELMESH_CACHE") or REPOSITORY / ".cache").resolve()
    if not _PLAIN_PATH.fullmatch(str(path)):
        raise LabError(
            f"cache folder {str(path)!r}: kernel and SSH command lines cannot carry such a path; "
            "set TUNNELMESH_CACHE to one of letters, digits and . _ / + @ - only"
        )
    return path


def labs_dir() -> Path:
    """The folder with one state folder per lab."""
    return cache_dir() / "lab"


def state_dir(name: str) -> Path:
    """The state folder of a lab, existing or not.

    Raises LabError for a name that is not 1 to 32 of a-z, 0-9 and dashes.
    """
    if not _NAME.fullmatch(name):
        raise LabError(f"bad lab name {name!r}: use 1 to 32 of a-z, 0-9 and '-', no dash first")
    return labs_dir() / name


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; waits for whoever holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
