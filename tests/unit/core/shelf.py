# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small system of its own for the pipeline: named numbers on a shelf.

Every write says what it expects to find, so that a race is really lost when a rival was faster.
The shelf holds so much and no more, so that a write can really fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    LostRace,
    OwnershipError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Plan, Step

Items = dict[str, int]
FOREIGN = -1


@dataclass
class Shelf:
    """The system: items by name, each with a positive number; FOREIGN is somebody else's.

    :param capacity: the sum of all numbers that it carries.
    :param stuck: names that nobody can write.
    :param rivals: what others do, one before each write, in order.
    """

    items: Items
    capacity: int = 1000
    stuck: set[str] = field(default_factory=set)
    rivals: list[Callable[[Shelf], None]] = field(default_factory=list)
    writes: int = 0
    reads: int = 0

    def write(self, name: str, expected: int | None, value: int | None) -> None:
        """Put, replace or (None) take away one item."""
        if self.rivals:
            self.rivals.pop(0)(self)
        self.writes += 1
        if self.items.get(name) != expected:
            raise LostRace(f"{name} is not {expected} any more")
        if name in self.stuck:
            raise ApplyError(f"{name} is stuck", errno=16, culprit="glue", remedy="use a solvent")
        after = {**self.items, name: value or 0}
        if sum(after.values()) > self.capacity:
            raise ApplyError("the shelf breaks", errno=12)
        if value is None:
            del self.items[name]
        else:
            self.items[name] = value


@dataclass
class Plane:
    """Wants items on a shelf; None: away with it."""

    shelf: Shelf
    wanted: Mapping[str, int | None]
    unsound: Callable[[Items], bool] = lambda _items: False

    def read(self) -> Items:
        """A copy of what is there."""
        self.shelf.reads += 1
        return dict(self.shelf.items)

    def plan(self, observed: Items) -> Plan:
        """One step for each item that differs; foreign items are refused."""
        for name in self.wanted:
            if observed.get(name) == FOREIGN:
                raise OwnershipError(f"{name} is not ours", culprit="a rival", remedy="leave it")
        return _steps(observed, {**observed, **self.wanted}, self.wanted)

    def plan_back(self, before: Items, observed: Items, done: Sequence[Step]) -> Plan:
        """One step for each item of ``done`` that is not as it was."""
        return _steps(observed, before, [step.name for step in done])

    def predict(self, observed: Items, plan: Plan) -> Items:
        """The shelf after all steps."""
        after = {**observed, **{step.name: step.args["after"] for step in plan}}
        return {name: value for name, value in after.items() if value is not None}

    def execute(self, plan: Plan, done: list[Step]) -> None:
        """Write step by step."""
        for step in plan:
            self.shelf.write(step.name, step.args["before"], step.args["after"])
            done.append(step)

    def verify(self, observed: Items) -> None:
        """What no plan sees."""
        if self.unsound(observed):
            raise ApplyError("the shelf wobbles", remedy="screw it to the wall")


def _steps(now: Mapping[str, int | None], goal: Mapping[str, int | None], names: object) -> Plan:
    assert isinstance(names, (Mapping, list))
    return tuple(
        Step(
            "put" if goal.get(name) is not None else "take",
            name,
            "differs",
            args={"before": now.get(name), "after": goal.get(name)},
            kind="item",
        )
        for name in names
        if now.get(name) != goal.get(name)
    )
