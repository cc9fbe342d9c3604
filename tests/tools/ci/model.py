"""Results of checks and their sum. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Tally:
    """How many checks or tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


PASSED = Tally(passed=1)
FAILED = Tally(failed=1)
SKIPPED = Tally(skipped=1)


@dataclass(frozen=True)
class Outcome:
    """What became of a job, and what is shown below its line."""

    tally: Tally
    text: str = ""


@dataclass(frozen=True)
class Job:
    """A piece of work that needs no other, such as a linter or the tests of a folder.

    :param work: does it; with its argument, output is shown as it comes instead of returned.
    """

    stage: str
    name: str
    work: Callable[[bool], Outcome]


def total(tallies: Iterable[Tally]) -> Tally:
    """Add up any number of tallies."""
    return sum(tallies, Tally())


def duration(seconds: float) -> str:
    """Write a time for people: ``4.2 s``, ``1 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
