# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipeline: read, plan, execute, verify; on failure plan back to what was.

It knows neither netlink nor OVSDB. A plane hands in four functions; check mode is the executor
not being called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from .errors import ApplyError, LostRace, TunnelMeshError
from .record import dataclass, field
from .steps import Plan, Step, describe

Observed = TypeVar("Observed")
# How often a lost race is read and planned again before giving up.
ATTEMPTS = 5


class Plane(Protocol[Observed]):
    """What a plane offers to the pipeline."""

    def read(self) -> Observed:
        """Take a snapshot of the system."""

    def plan(self, observed: Observed) -> Plan:
        """The steps from ``observed`` to what is desired; pure. Raises TunnelMeshError."""

    def plan_back(self, before: Observed, observed: Observed, done: Sequence[Step]) -> Plan:
        """The steps that undo ``done``: from ``observed`` back to ``before``; pure."""

    def predict(self, observed: Observed, plan: Plan) -> Observed:
        """What the system looks like after ``plan``; pure."""

    def execute(self, plan: Plan, done: list[Step]) -> None:
        """Carry out ``plan``; append every step that took effect, even in part, to ``done``.

        Raises LostRace when somebody else was faster, ApplyError for any other failure.
        """

    def verify(self, observed: Observed) -> None:
        """Check what a plan cannot see; raises ApplyError."""


@dataclass()
class Outcome(Generic[Observed]):
    """What a run did, or would do."""

    before: Observed
    after: Observed
    steps: Sequence[Step]
    leftovers: Sequence[Step] = field(default_factory=tuple)


def run(plane: Plane[Observed], *, check_mode: bool, rollback: bool = True) -> Outcome[Observed]:
    """Bring the system to what is desired, once.

    :raises TunnelMeshError: nothing was changed, or what was changed is undone; where it could
        not be undone the error says what is left.
    """
    before = plane.read()
    plan = plane.plan(before)
    if check_mode:
        return Outcome(before, plane.predict(before, plan), plan)
    if not plan:
        plane.verify(before)
        return Outcome(before, before, plan)
    done: list[Step] = []
    try:
        after = _converge(plane, plan, done)
        plane.verify(after)
    except Exception as problem:  # a bug of ours must not leave half of a change either
        if rollback and done:
            _roll_back(plane, before, done, _as_error(problem))
        raise
    return Outcome(before, after, tuple(done))


def _converge(plane: Plane[Observed], plan: Plan, done: list[Step]) -> Observed:
    """Execute ``plan``; read and plan again while races are lost, at most ATTEMPTS times."""
    lost: LostRace | None = None
    for _attempt in range(ATTEMPTS):
        try:
            plane.execute(plan, done)
            lost = None
        except LostRace as race:
            lost = race
        observed = plane.read()
        try:
            plan = plane.plan(observed)
        except ApplyError:
            raise
        except TunnelMeshError as conflict:
            raise ApplyError(
                conflict.cause, culprit=conflict.culprit, remedy=conflict.remedy
            ) from conflict
        if not plan:
            return observed
    if lost is not None:
        raise lost
    raise ApplyError(
        "the system does not stay as it was set",
        culprit="still to do: " + ", ".join(describe(step) for step in plan[:10]),
        remedy="look for another program that manages the same ports",
    )


def _as_error(problem: Exception) -> TunnelMeshError:
    """``problem`` itself where it is meant for users."""
    if isinstance(problem, TunnelMeshError):
        return problem
    what = f"{type(problem).__name__}: {problem}"
    return ApplyError("internal error in tunnelmesh.ovs", culprit=what, remedy="report it")


def _roll_back(
    plane: Plane[Observed], before: Observed, done: Sequence[Step], failure: TunnelMeshError
) -> None:
    """Undo ``done``; raise ``failure`` with what is left added, where something is left."""
    left: Sequence[str]
    second: TunnelMeshError | None = None
    try:
        undo = plane.plan_back(before, plane.read(), done)
        for _attempt in range(ATTEMPTS):
            if not undo or (second is not None and not isinstance(second, LostRace)):
                break
            second = _try(plane, undo)
            undo = plane.plan_back(before, plane.read(), done)
        reason = f" (not undone: {second.cause})" if second else ""
        left = [describe(step) + reason for step in undo]
    except Exception as blind:  # noqa: BLE001 - the failure itself is what the user has to read
        cause = _as_error(blind).cause
        left = [f"{describe(step)} (done, not undone: {cause})" for step in done]
    if left:
        raise ApplyError(
            failure.cause,
            errno=failure.errno if isinstance(failure, ApplyError) else None,
            culprit=failure.culprit,
            remedy=failure.remedy,
            leftovers=list(left),
        ) from failure
    failure.note = "What this run had changed is undone"
    failure.details["rolled_back"] = True


def _try(plane: Plane[Observed], undo: Plan) -> TunnelMeshError | None:
    """Execute an undo; what went wrong is an answer here, since it must not hide the failure."""
    try:
        plane.execute(undo, [])
    except TunnelMeshError as error:
        return error
    return None
