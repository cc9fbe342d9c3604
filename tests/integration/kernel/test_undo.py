"""The kernel refuses a request, whichever one: everything is as before, or it is said what is not.

The requests are failed on purpose between the module and the kernel; the state that is judged is
the kernel's own.
"""

from __future__ import annotations

import errno
from itertools import cycle

import pytest

from tests.integration.kernel.host import Host
from tests.integration.kernel.upheaval import DATAPATHS, EVERY, PORTS, Stage, Upheaval

EVERYTHING = pytest.mark.parametrize("upheaval", [PORTS, DATAPATHS], ids=["ports", "datapaths"])


@EVERYTHING
def test_a_refused_request_is_undone(machine: Host, upheaval: Upheaval) -> None:
    stage, wrong = Stage(machine, upheaval), []
    refusals = cycle((errno.ENOBUFS, errno.EPERM, errno.ENOMEM))
    for point in range(1, stage.points + 1):
        error = stage.spoiled(refuse=(point, point, next(refusals)))
        seen = stage.seen()
        if not error.get("failed") or "leftovers" in error or seen != stage.start:
            wrong.append((point, error.get("msg"), stage.changed_names(seen)))
            stage.first()
    print(f"{stage.points} points, {stage.points - len(wrong)} undone")
    assert not wrong


@EVERYTHING
def test_a_lost_race_is_run_again(machine: Host, upheaval: Upheaval) -> None:
    """Past the look-up of the families, in which nobody can be faster."""
    stage, wrong = Stage(machine, upheaval), []
    lookups = 3 if upheaval is DATAPATHS else 2
    points = range(1 + lookups, stage.points + 1, EVERY)
    for point in points:
        result = stage.spoiled(refuse=(point, point, errno.EBUSY))
        if result.get("failed") or stage.seen() != stage.final:
            wrong.append((point, result.get("msg")))
        stage.first()
    print(f"{len(points)} points, {len(points) - len(wrong)} converged")
    assert not wrong


@EVERYTHING
def test_a_lost_answer_is_undone(machine: Host, upheaval: Upheaval) -> None:
    """The kernel has done it and its acknowledgement is lost: it is undone all the same."""
    stage, wrong = Stage(machine, upheaval), []
    points = range(1, stage.points + 1, EVERY)
    for point in points:
        error = stage.spoiled(mute=point)
        seen = stage.seen()
        if not error.get("failed") or "leftovers" in error or seen != stage.start:
            wrong.append((point, error.get("msg"), stage.changed_names(seen)))
            stage.first()
    print(f"{len(points)} points, {len(points) - len(wrong)} undone")
    assert not wrong


@EVERYTHING
def test_what_cannot_be_undone_is_named(machine: Host, upheaval: Upheaval) -> None:
    """Every request fails from some point on, those of the undo as well."""
    stage, wrong, left = Stage(machine, upheaval), [], 0
    points = range(2, stage.points + 1, EVERY)
    for point in points:
        error = stage.spoiled(refuse=(point, 1 << 30, errno.ENOBUFS))
        seen = stage.seen()
        named = {text.split(" (")[0].split()[-1] for text in error.get("leftovers", ())}
        left += bool(named)
        if not error.get("failed") or named != stage.changed_names(seen):
            wrong.append((point, error.get("msg"), named, stage.changed_names(seen)))
        if not stage.foreign_kept(seen):
            wrong.append((point, "foreign things changed", set(), set()))
        if named:
            stage.first()
    print(f"{len(points)} points, {left} with leftovers")
    assert not wrong


@EVERYTHING
def test_a_dry_run_touches_nothing(machine: Host, upheaval: Upheaval) -> None:
    stage = Stage(machine, upheaval)
    before = machine.look(flows=True)
    foretold = machine.target.run(upheaval.module, check=True, **upheaval.second)
    assert machine.look(flows=True) == before
    assert foretold["actions"] == stage.spoiled()["actions"]
    assert foretold["netlink"]["writes"] == 0
