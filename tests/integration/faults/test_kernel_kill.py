"""The module is killed after any of its requests: the same run again brings it to an end."""

from __future__ import annotations

from tests.integration.faults.upheaval import EVERY, Scene


def test_killed_anywhere(scene: Scene) -> None:
    wrong, upheaval = [], scene.upheaval
    for point in range(1, scene.points + 1):
        assert scene.spoiled(kill=point) == {"killed": True}
        result = scene.host.target.run(upheaval.module, **upheaval.second)
        seen = scene.seen()
        if result.get("failed") or seen != scene.final:
            wrong.append((point, result.get("msg"), result.get("actions")))
        if not scene.foreign_kept(seen):
            wrong.append((point, "foreign things changed", None))
        scene.first()
    print(f"{scene.points} points, {scene.points - len(wrong)} converged")
    assert not wrong


def test_what_a_killed_run_left_is_purged(scene: Scene) -> None:
    """What was created and not yet marked is known as ours by the token of its creation."""
    wrong, points = [], range(1, scene.points + 1, EVERY)
    for point in points:
        assert scene.spoiled(kill=point) == {"killed": True}
        scene.first()
        if scene.seen() != scene.start:
            wrong.append(point)
    print(f"{len(points)} points, {len(points) - len(wrong)} purged")
    assert not wrong
