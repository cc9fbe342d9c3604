"""A module is failed, and killed, at every single write: database, kernel and file system.

After a failure all is as before, or the error names what is left. After a kill the same run again
brings it to an end. What is not ours is what it was, in any case. Of the kernel plane see
test_kernel_undo.py and test_kernel_kill.py.
"""

from __future__ import annotations

import errno
import os
from itertools import cycle
from typing import Any

from tests.integration.faults.stages import Stage

# Of the ways to fail at a point, and of the points to be killed at, every so many are taken; with
# TUNNELMESH_TEST_EVERY=1 all.
EVERY = int(os.environ.get("TUNNELMESH_TEST_EVERY", "4"))
ERRORS = cycle((errno.ENOBUFS, errno.ENOMEM, errno.EPERM, errno.ENODEV))


def failures(stage: Stage) -> list[dict[str, Any]]:
    """Every point, each with some of the ways to fail there; over all points all ways occur."""
    chosen = []
    for point, what in enumerate(stage.points, 1):
        ways = ["refuse"] if what.startswith("file") else ["refuse", "cut", "lose", "late"]
        first = point % min(EVERY, len(ways))
        chosen += [
            {"point": point, "how": how, "error": next(ERRORS)} for how in ways[first::EVERY]
        ]
    return chosen


def test_failed_anywhere(stage: Stage) -> None:
    wrong, left, survived = [], 0, 0
    cases = failures(stage)
    for case in cases:
        error = stage.spoiled(case)
        seen = stage.seen()
        named = " ".join(error.get("leftovers", ()))
        where = (case, stage.points[case["point"] - 1], error.get("msg"))
        if not error.get("failed"):
            survived += 1
            if seen != stage.final:
                wrong.append((where, "not what was declared", stage.changed(seen)))
        elif named:
            left += 1
            if not all(name in named for name in stage.changed(seen)):
                wrong.append((where, f"left and not named: {named}", stage.changed(seen)))
        elif seen != stage.start:
            wrong.append((where, "not as before", stage.changed(seen)))
        if not stage.foreign_kept(seen):
            wrong.append((where, "foreign things changed", set()))
        if seen != stage.start:
            stage.reset()
    undone = len(cases) - left - survived
    print(
        f"{stage.module}: {len(stage.points)} points, {len(cases)} failures injected, "
        f"{undone} as before, {left} with named leftovers, {survived} survived"
    )
    assert not wrong


def test_killed_anywhere(stage: Stage) -> None:
    wrong, cases = [], []
    for point, what in enumerate(stage.points, 1):
        ways = ["kill"] if what.startswith("file") else ["kill", "killed"]
        cases += [(point, how) for how in ways]
    every = max(1, EVERY // 2)
    cases = cases[::every]
    spared = 0
    for point, how in cases:
        where = (point, how, stage.points[point - 1])
        end = stage.spoiled({"point": point, "how": how})
        if end != {"killed": True}:
            # How often a run asks whether ovs-vswitchd has followed depends on how fast that is.
            assert len(end["netlink"]["points"]) < point, where
            spared += 1
        again = stage.run(stage.second)
        seen = stage.seen()
        if again.get("failed") or seen != stage.final:
            wrong.append((where, again.get("msg"), stage.differs(seen, stage.final)))
        if not stage.foreign_kept(seen):
            wrong.append((where, "foreign things changed", set()))
        stage.reset()
    print(f"{stage.module}: {len(cases) - spared} kills, {len(cases) - len(wrong)} converged")
    assert not wrong
    assert spared <= len(cases) // 4
