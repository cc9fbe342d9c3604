"""The kernel refuses a request, whichever one: everything is as before, or it is said what is not.

The requests are failed on purpose between the module and the kernel; the state that is judged is
the kernel's own.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from itertools import cycle
from typing import Any

from tests.integration.faults.upheaval import DATAPATHS, EVERY, Scene


def assert_undone(scene: Scene, spoils: Mapping[int, dict[str, Any]]) -> None:
    """However the run is spoiled at these points, it fails and leaves nothing."""
    wrong = []
    for point, spoil in spoils.items():
        error = scene.spoiled(**spoil)
        seen = scene.seen()
        if not error.get("failed") or "leftovers" in error or seen != scene.start:
            wrong.append((point, error.get("msg"), scene.changed_names(seen)))
            scene.first()
    print(f"{len(spoils)} points, {len(spoils) - len(wrong)} undone")
    assert not wrong


def test_a_refused_request_is_undone(scene: Scene) -> None:
    refusals = cycle((errno.ENOBUFS, errno.EPERM, errno.ENOMEM))
    points = range(1, scene.points + 1)
    assert_undone(scene, {point: {"refuse": (point, point, next(refusals))} for point in points})


def test_a_lost_race_is_run_again(scene: Scene) -> None:
    """Past the look-up of the families, in which nobody can be faster."""
    wrong = []
    lookups = 3 if scene.upheaval is DATAPATHS else 2
    points = range(1 + lookups, scene.points + 1, EVERY)
    for point in points:
        result = scene.spoiled(refuse=(point, point, errno.EBUSY))
        if result.get("failed") or scene.seen() != scene.final:
            wrong.append((point, result.get("msg")))
        scene.first()
    print(f"{len(points)} points, {len(points) - len(wrong)} converged")
    assert not wrong


def test_a_lost_answer_is_undone(scene: Scene) -> None:
    """The kernel has done it and its acknowledgement is lost: it is undone all the same."""
    points = range(1, scene.points + 1, EVERY)
    assert_undone(scene, {point: {"mute": point} for point in points})


def test_what_cannot_be_undone_is_named(scene: Scene) -> None:
    """Every request fails from some point on, those of the undo as well."""
    wrong, left = [], 0
    points = range(2, scene.points + 1, EVERY)
    for point in points:
        error = scene.spoiled(refuse=(point, 1 << 30, errno.ENOBUFS))
        seen = scene.seen()
        named = {text.split(" (")[0].split()[-1] for text in error.get("leftovers", ())}
        left += bool(named)
        if not error.get("failed") or named != scene.changed_names(seen):
            wrong.append((point, error.get("msg"), named, scene.changed_names(seen)))
        if not scene.foreign_kept(seen):
            wrong.append((point, "foreign things changed", set(), set()))
        if named:
            scene.first()
    print(f"{len(points)} points, {left} with leftovers")
    assert not wrong


def test_a_dry_run_touches_nothing(scene: Scene) -> None:
    run, upheaval = scene.host.target.run, scene.upheaval
    before = scene.host.look(flows=True)
    foretold = run(upheaval.module, check=True, **upheaval.second)
    assert scene.host.look(flows=True) == before
    assert foretold["netlink"]["writes"] == 0
    assert foretold["actions"] == scene.spoiled()["actions"]
    scene.first()
