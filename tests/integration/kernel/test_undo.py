"""The kernel refuses a request, whichever one: everything is as before, or it is said what is not.

The requests are failed on purpose between the module and the kernel; the state that is judged is
the kernel's own.
"""

from __future__ import annotations

import errno
from itertools import cycle

from tests.integration.kernel.upheaval import DATAPATHS, EVERY, Stage


def test_a_refused_request_is_undone(stage: Stage) -> None:
    wrong = []
    refusals = cycle((errno.ENOBUFS, errno.EPERM, errno.ENOMEM))
    for point in range(1, stage.points + 1):
        error = stage.spoiled(refuse=(point, point, next(refusals)))
        seen = stage.seen()
        if not error.get("failed") or "leftovers" in error or seen != stage.start:
            wrong.append((point, error.get("msg"), stage.changed_names(seen)))
            stage.first()
    print(f"{stage.points} points, {stage.points - len(wrong)} undone")
    assert not wrong


def test_a_lost_race_is_run_again(stage: Stage) -> None:
    """Past the look-up of the families, in which nobody can be faster."""
    wrong = []
    lookups = 3 if stage.upheaval is DATAPATHS else 2
    points = range(1 + lookups, stage.points + 1, EVERY)
    for point in points:
        result = stage.spoiled(refuse=(point, point, errno.EBUSY))
        if result.get("failed") or stage.seen() != stage.final:
            wrong.append((point, result.get("msg")))
        stage.first()
    print(f"{len(points)} points, {len(points) - len(wrong)} converged")
    assert not wrong


def test_a_lost_answer_is_undone(stage: Stage) -> None:
    """The kernel has done it and its acknowledgement is lost: it is undone all the same."""
    wrong = []
    points = range(1, stage.points + 1, EVERY)
    for point in points:
        error = stage.spoiled(mute=point)
        seen = stage.seen()
        if not error.get("failed") or "leftovers" in error or seen != stage.start:
            wrong.append((point, error.get("msg"), stage.changed_names(seen)))
            stage.first()
    print(f"{len(points)} points, {len(points) - len(wrong)} undone")
    assert not wrong


def test_what_cannot_be_undone_is_named(stage: Stage) -> None:
    """Every request fails from some point on, those of the undo as well."""
    wrong, left = [], 0
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


def test_a_dry_run_touches_nothing(stage: Stage) -> None:
    run, upheaval = stage.host.target.run, stage.upheaval
    before = stage.host.look(flows=True)
    foretold = run(upheaval.module, check=True, **upheaval.second)
    assert stage.host.look(flows=True) == before
    assert foretold["netlink"]["writes"] == 0
    assert foretold["actions"] == stage.spoiled()["actions"]
    stage.first()
