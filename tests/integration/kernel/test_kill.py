"""The module is killed after any of its requests: the same run again brings it to an end."""

from __future__ import annotations

import pytest

from tests.integration.kernel.host import Host
from tests.integration.kernel.upheaval import DATAPATHS, EVERY, PORTS, Stage, Upheaval


@pytest.mark.parametrize("upheaval", [PORTS, DATAPATHS], ids=["ports", "datapaths"])
def test_killed_anywhere(machine: Host, upheaval: Upheaval) -> None:
    stage, wrong = Stage(machine, upheaval), []
    for point in range(1, stage.points + 1):
        assert stage.spoiled(kill=point) == {"killed": True}
        result = machine.target.run(upheaval.module, **upheaval.second)
        seen = stage.seen()
        if result.get("failed") or seen != stage.final:
            wrong.append((point, result.get("msg"), result.get("actions")))
        if not stage.foreign_kept(seen):
            wrong.append((point, "foreign things changed", None))
        stage.first()
    print(f"{stage.points} points, {stage.points - len(wrong)} converged")
    assert not wrong


def test_what_a_killed_run_left_is_purged(machine: Host) -> None:
    """What was created and not yet marked is known as ours by the token of its creation."""
    stage, wrong = Stage(machine, PORTS), []
    points = range(1, stage.points + 1, EVERY)
    for point in points:
        assert stage.spoiled(kill=point) == {"killed": True}
        stage.first()
        if stage.seen() != stage.start:
            wrong.append(point)
    print(f"{len(points)} points, {len(points) - len(wrong)} purged")
    assert not wrong
