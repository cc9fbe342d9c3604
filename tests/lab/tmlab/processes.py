"""Finds and ends the processes of a lab, from /proc alone: a lost state file cannot hide them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from .errors import LabError

_DEADLINE = 15.0


def inside(namespace: Path) -> list[int]:
    """Process ids whose network namespace is the named one."""
    try:
        wanted = namespace.stat()
    except FileNotFoundError:
        return []
    return [pid for pid in _all() if _same_namespace(pid, wanted)]


def with_argument(*arguments: str) -> list[int]:
    """Ids of the running processes whose command line has all these words."""
    wanted = set(arguments)
    return [pid for pid in _all() if wanted <= set(_arguments(pid))]


def guests() -> dict[tuple[str, str], frozenset[int]]:
    """All guests of this machine, by their lab's folder and their name: processors they may use."""
    found: dict[tuple[str, str], frozenset[int]] = {}
    for pid in _all():
        words = dict(word.partition("=")[::2] for word in _arguments(pid))
        if "tmlab_state" in words and "umid" in words:
            with suppress(ProcessLookupError):
                key = (words["tmlab_state"], words["umid"])
                found[key] = frozenset(os.sched_getaffinity(pid))
    return found


def titled(prefix: str) -> list[int]:
    """Ids of the processes whose title starts so; a title has replaced the command line."""
    return [pid for pid in _all() if "".join(_arguments(pid)[:1]).startswith(prefix)]


def kill(find: Callable[[], list[int]]) -> None:
    """Send SIGKILL to what find returns until it returns nothing.

    A UML kernel forks while it dies, hence the loop. Raises LabError after 15 s.
    """
    deadline = time.monotonic() + _DEADLINE
    while pids := [pid for pid in find() if pid != os.getpid()]:
        if time.monotonic() > deadline:
            raise LabError(f"these processes survive SIGKILL: {' '.join(map(str, pids))}")
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _all() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            yield int(entry.name)


def _same_namespace(pid: int, wanted: os.stat_result) -> bool:
    try:
        found = Path(f"/proc/{pid}/ns/net").stat()
    except OSError:  # gone, a zombie or not ours
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _arguments(pid: int) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode(errors="replace").split("\0")
