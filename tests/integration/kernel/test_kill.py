"""The module is killed after any of its requests: the same run again brings it to an end."""

from __future__ import annotations

from tests.integration.kernel.upheaval import EVERY, Stage


def test_killed_anywhere(stage: Stage) -> None:
    wrong, upheaval = [], stage.upheaval
    for point in range(1, stage.points + 1):
        assert stage.spoiled(kill=point) == {"killed": True}
        result = stage.host.target.run(upheaval.module, **upheaval.second)
        seen = stage.seen()
        if result.get("failed") or seen != stage.final:
            wrong.append((point, result.get("msg"), result.get("actions")))
        if not stage.foreign_kept(seen):
            wrong.append((point, "foreign things changed", None))
        stage.first()
    print(f"{stage.points} points, {stage.points - len(wrong)} converged")
    assert not wrong


def test_what_a_killed_run_left_is_purged(stage: Stage) -> None:
    """What was created and not yet marked is known as ours by the token of its creation."""
    wrong, points = [], range(1, stage.points + 1, EVERY)
    for point in points:
        assert stage.spoiled(kill=point) == {"killed": True}
        stage.first()
        if stage.seen() != stage.start:
            wrong.append(point)
    print(f"{len(points)} points, {len(points) - len(wrong)} purged")
    assert not wrong
