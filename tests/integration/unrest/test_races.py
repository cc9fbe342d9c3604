"""Somebody else is at work at the same time, over and over: no round ends in a wrong state.

In every round a neighbour acts once, right before one of the run's requests, each in its turn. The
run ends in success or in an error in words, and the next, undisturbed one brings everything about.
TUNNELMESH_TEST_ROUNDS says how many rounds there are.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.faults.stages import Stage
from tests.integration.ovsdb.conftest import BRIDGE
from tests.integration.ovsdb.witness import Ovs
from tests.integration.unrest.rounds import ROUNDS, Verdict, point_of

TUNNEL = "ovs_vxlan_tunnel"
PEER, OTHER = "198.18.0.12", "198.18.0.13"
VSCTL = "ovs-vsctl --timeout=20 --no-wait"
# Without the reset systemd refuses the sixth restart within ten seconds.
RESTART = "systemctl reset-failed {0}; systemctl restart {0}"
NEIGHBOURS = {
    "deletes a port that is changed": f"{VSCTL} --if-exists del-port changed",
    "deletes a port that is moved": f"{VSCTL} --if-exists del-port moved",
    "deletes the new port": f"{VSCTL} --if-exists del-port new",
    "changes a port": f"{VSCTL} --if-exists set port changed tag=77",
    "makes a port of that name": f"{VSCTL} add-port fgn new 2>/dev/null || true",
    "restarts ovs-vswitchd": RESTART.format("ovs-vswitchd"),
    "deletes the device": "(ip link del vxlan_sys_4789 || ip link del new) 2>/dev/null || true",
    "unloads modules": "for m in vport_vxlan vxlan openvswitch; do rmmod $m; done 2>&1 || true",
}
# What somebody has to do by hand before the next run can succeed.
AFTERWARDS = {"makes a port of that name": f"{VSCTL} --if-exists del-port new"}


@pytest.mark.parametrize("what", NEIGHBOURS)
def test_a_neighbour(stage: Stage, what: str) -> None:
    verdict = Verdict(f"{stage.module}, {what}")
    for number in range(ROUNDS):
        point = point_of(number, len(stage.points))
        sabotage = {"point": point, "how": "script", "script": NEIGHBOURS[what]}
        result = stage.spoiled(sabotage)
        where = (point, stage.points[point - 1], result.get("msg"))
        if verdict.take(result):
            if not result["remedy"]:
                verdict.wrong.append((where, "no remedy"))
            stage.sh(AFTERWARDS.get(what, ""))
        again = stage.run(stage.second)
        seen = stage.seen()
        if again.get("failed") or seen != stage.final:
            verdict.wrong.append((where, again.get("msg"), stage.differs(seen, stage.final)))
        if not stage.foreign_kept(seen):
            verdict.wrong.append((where, "foreign things changed"))
        stage.reset()
    verdict.give()


def declared(key: str, remote: str) -> dict[str, Any]:
    """One of the two declarations that two runs fight about; no column is the same."""
    options = {"key": key, "ttl": key, "remote_ip": remote, "external_ids": {"who": key}}
    shared = {"name": "shared", "bridge": "br0", **options}
    own = {"name": f"own{key}", "bridge": "br0", "remote_ip": "198.18.0.14", "key": key}
    return {"bridges": [BRIDGE], "tunnels": [shared, own], "wait_timeout": 60}


def test_two_runs_with_different_wishes(ovs: Ovs) -> None:
    """The shared tunnel is wholly one's or wholly the other's; each has its own tunnel."""
    wishes = [declared("1", PEER), declared("2", OTHER)]
    ovs.apply(bridges=[BRIDGE], tunnels=[])
    lost = 0
    for number in range(ROUNDS):
        results = ovs.target.run.at_once(*({"module": TUNNEL, "args": wish} for wish in wishes))
        failed = [result["msg"] for result in results if result.get("failed")]
        lost += len(failed)
        assert len(failed) < 2, failed
        row = ovs.interface("shared")
        key = row["options"]["key"]
        assert row["options"]["ttl"] == key
        assert row["options"]["remote_ip"] == {"1": PEER, "2": OTHER}[key]
        assert row["external_ids"]["who"] == key
        won = [one for one, result in zip("12", results, strict=True) if not result.get("failed")]
        assert {f"own{one}" for one in won} <= set(ovs.ports("br0"))
        ovs.apply(**wishes[number % 2])
        assert ovs.interface("shared")["options"]["key"] == "12"[number % 2]
        gone = ("own1", "own2", "shared")[: 2 + number % 2]
        ovs.sh("ovs-vsctl --timeout=20 " + " -- ".join(f"--if-exists del-port {n}" for n in gone))
    print(f"{ROUNDS} rounds, {lost} of {2 * ROUNDS} runs lost the race and said so")
