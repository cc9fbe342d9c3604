"""What a benchmark consists of: samples, and rows that compare them with a goal; pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.clock import Cost


@dataclass(frozen=True)
class Figures:
    """Three ways to look at one figure: fewest and median wall time, fewest CPU time.

    The minimum is what the work costs; whatever else runs on the machine only adds to it. CPU
    time is that of the contestant and all it waited for, without daemons.
    """

    minimum: float
    median: float
    cpu: float

    def __truediv__(self, other: Figures) -> Figures:
        return Figures(
            self.minimum / other.minimum,
            self.median / other.median,
            self.cpu / other.cpu if other.cpu else float("inf"),
        )

    def __sub__(self, other: Figures) -> Figures:
        return Figures(
            self.minimum - other.minimum, self.median - other.median, self.cpu - other.cpu
        )

    def times(self, factor: float) -> Figures:
        """Each figure that many times."""
        return Figures(self.minimum * factor, self.median * factor, self.cpu * factor)


@dataclass
class Sample:
    """All measured costs of one contestant."""

    name: str
    costs: list[Cost] = field(default_factory=list)

    @property
    def figures(self) -> Figures:
        """Seconds."""
        wall = [cost.wall for cost in self.costs]
        return Figures(min(wall), statistics.median(wall), min(cost.cpu for cost in self.costs))

    @property
    def memory(self) -> float:
        """Most resident MiB of any round."""
        return max(cost.memory for cost in self.costs)

    def as_json(self) -> dict[str, Any]:
        """Everything that was measured, in seconds and MiB."""
        rounded = {key: round(value, 4) for key, value in vars(self.figures).items()}
        rounded["memory"] = round(self.memory, 1)
        rounds = [[round(cost.wall, 4), round(cost.cpu, 4)] for cost in self.costs]
        return {**rounded, "rounds": rounds}


class Samples:
    """The samples of one phase by name."""

    def __init__(self) -> None:
        self._samples: dict[str, Sample] = {}

    def add(self, name: str, cost: Cost) -> None:
        """Record one round of a contestant."""
        self._samples.setdefault(name, Sample(name)).costs.append(cost)

    def __getitem__(self, name: str) -> Figures:
        return self._samples[name].figures

    def memory(self, name: str) -> float:
        """Most resident MiB of a contestant."""
        return self._samples[name].memory

    def as_json(self) -> dict[str, Any]:
        """All of them."""
        return {name: sample.as_json() for name, sample in self._samples.items()}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    :param what: what is compared.
    :param goal: in words.
    :param result: what was measured, in words.
    :param met: whether the goal is met; None where there is no goal.
    :param note: what has to be known to read it.
    """

    what: str
    goal: str
    result: str
    met: bool | None
    note: str = ""


def at_most(what: str, ratio: Figures, limit: float, than: str, note: str = "") -> Row:
    """A row whose goal is a ratio that must not be exceeded."""
    goal = f"at most {limit:g} x {than}"
    return Row(what, goal, _shown(ratio, 2), ratio.minimum <= limit, note)


def at_least(what: str, ratio: Figures, limit: float, than: str, note: str = "") -> Row:
    """A row whose goal is a ratio that must be reached."""
    goal = f"at least {limit:g} x faster than {than}"
    return Row(what, goal, _shown(ratio, 0), ratio.minimum >= limit, note)


def _shown(ratio: Figures, digits: int) -> str:
    texts = [f"{value:.{digits}f} x" for value in (ratio.minimum, ratio.median, ratio.cpu)]
    return f"{texts[0]} (median {texts[1]}, CPU {texts[2]})"


Contestant = tuple[str, Callable[[], Cost]]


def interleave(samples: Samples, rounds: int, contestants: Sequence[Contestant]) -> None:
    """Let every contestant run once in each round, so that all meet the same noise.

    Every round starts with the next one, so that nobody is always first or last.
    """
    for number in range(rounds):
        start = number % len(contestants)
        for name, work in (*contestants[start:], *contestants[:start]):
            samples.add(name, work())
