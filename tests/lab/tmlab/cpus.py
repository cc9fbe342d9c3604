"""Which processor a guest gets.

A guest has one processor, but two processes at work: its kernel follows the program inside it by
ptrace(2), and each waits for the other. On one processor of the machine they hand over in a few
microseconds; between two, each time an idle processor is woken, which on a virtual machine costs
ten times as much.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from . import processes
from .paths import GUEST_FILES


@contextmanager
def chosen(name: str) -> Iterator[int]:
    """Choose a processor for the guest of this name; others wait until the body has started it."""
    folder = os.open(GUEST_FILES, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield least_used(name, processes.guests(), os.sched_getaffinity(0))
    finally:
        os.close(folder)


def least_used(name: str, guests: dict[tuple[str, str], frozenset[int]], usable: set[int]) -> int:
    """Choose the processor with the fewest guests of this name, then with the fewest guests.

    guests: lab and name -> the processors it may use. The first host of a lab works most, so
    the first hosts of several labs are spread before all others.
    """
    namesakes: Counter[int] = Counter()
    everyone: Counter[int] = Counter()
    for (_lab, other), processors in guests.items():
        everyone.update(processors)
        if other == name:
            namesakes.update(processors)
    return min(sorted(usable), key=lambda number: (namesakes[number], everyone[number]))
