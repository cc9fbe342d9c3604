"""Results of checks and their sum. Pure."""

from __future__ import annotations

from collections.abc import Iterable
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
class Stage:
    """A finished stage: its name, its sum and its wall time in seconds."""

    name: str
    tally: Tally
    seconds: float


def total(tallies: Iterable[Tally]) -> Tally:
    """Add up any number of tallies."""
    return sum(tallies, Tally())


def duration(seconds: float) -> str:
    """Write a time for people: ``4.2 s``, ``1 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
