"""Which processors a guest may use.

A guest has one processor, but two processes at work: its kernel follows the program inside it by
ptrace(2), and each waits for the other. On one processor of the machine they hand over in a few
microseconds; between two, an idle one has to be woken each time, which on a virtual machine costs
ten times as much. So the first guests are bound, one to each processor. Those that come later are
not: with so many at work no processor is idle, and the scheduler has to spread what is to do.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from . import processes
from .paths import GUEST_FILES


@contextmanager
def chosen() -> Iterator[set[int]]:
    """Choose for the next guest; others wait until the body has started it."""
    folder = os.open(GUEST_FILES, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield processors(processes.guests().values(), os.sched_getaffinity(0))
    finally:
        os.close(folder)


def processors(guests: Iterable[frozenset[int]], usable: set[int]) -> set[int]:
    """Choose a processor that no guest is bound to; all usable ones when there is none.

    guests: the processors that each running guest may use.
    """
    bound = {number for found in guests if len(found) == 1 for number in found}
    free = usable - bound
    return {min(free)} if free else usable


def bind(chosen_ones: Iterable[int]) -> list[str]:
    """Return the words that start a command on these processors."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(chosen_ones)))]
