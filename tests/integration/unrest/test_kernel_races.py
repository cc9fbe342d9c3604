"""Races of the kernel plane: in every round a neighbour acts once, before one of our requests.

Of the run see test_races.py. What the neighbour has put where the run cannot see it, or must not
touch it, is taken away by hand before the next one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.faults.upheaval import Scene
from tests.integration.harness import Target
from tests.integration.kernel.host import PORT, Host
from tests.integration.kernel.witness import Snapshot
from tests.integration.unrest.rounds import ROUNDS, Verdict, point_of
from tests.integration.unrest.test_races import RESTART

# The kernel finds a datapath by the name that it was made with: a renamed one gets it back first.
AWAY = """
ip -n away link del {0}; ip link del away
[ ! -e /sys/class/net/away ] || { ovs-dpctl del-dp {0}; ip link set dev away down
ip link set dev away name {0}; ovs-dpctl del-dp {0}; }
[ -e /sys/class/net/hand ] || { ip link add hand address {1} up type vxlan id 99 dstport 7000
bridge fdb append 00:00:00:00:00:00 dev hand dst 198.18.0.12; ovs-dpctl add-if hand0 hand; }
"""
BUSY = "ip link set dev {0} down; ip link set dev {0} name away"
NEIGHBOURS = {
    "deletes it": "ip link del dev {0} || ovs-dpctl del-dp {0}",
    "renames it": BUSY,
    "renames it and back": BUSY + "; ip link set dev away name {0} up",
    "moves it to another namespace": "ip link set dev {0} netns away",
    "unlinks it": "ovs-dpctl del-if lab0 {0}",
    "unloads modules": "rmmod vport_vxlan; rmmod openvswitch",
    "unloads vxlan and all devices with it": "rmmod vport_vxlan; rmmod vxlan",
    "restarts ovs-vswitchd": RESTART.format("ovs-vswitchd"),
}
# Of datapaths, lab1 takes ports of others with it that no run brings back, and so does lab0.
NAMES = {"ovs_vxlan_port": ("changed", "recreated", "removed", "new", "own"),
         "ovs_datapath": ("lab2",)}  # fmt: skip


def judged(seen: Snapshot, what: str) -> Snapshot:
    """Without numbers that nobody declared: what was gone may come back under another.

    Without the port of the datapath that is removed, where the neighbour took that too.
    """
    if "vxlan" in what:
        seen = seen.only(*set(seen.links) - {"z"})
    ports = {
        datapath: {name: 13 if number == 13 else 0 for name, number in numbers.items()}
        for datapath, numbers in seen.ports.items()
    }
    return replace(seen, ports=ports)


@pytest.mark.parametrize("what", NEIGHBOURS)
def test_a_neighbour(scene: Scene, what: str) -> None:
    upheaval, names = scene.upheaval, NAMES[scene.upheaval.module]
    verdict = Verdict(f"{upheaval.module}, {what}")
    theirs = scene.start.links["hand"]["address"]
    for number in range(ROUNDS):
        point, name = point_of(number, scene.points), names[number % len(names)]
        script = f"({NEIGHBOURS[what].format(name)}) 2>/dev/null || true"
        sabotage = {"point": point, "how": "script", "script": script}
        result = scene.spoiled(sabotage=sabotage)
        where = (point, name, result.get("msg"))
        verdict.take(result)
        afterwards = AWAY.replace("{0}", name).replace("{1}", theirs)
        scene.host.sh(f"({afterwards}) 2>/dev/null", check=False)
        linked = [one for one in upheaval.links if one["datapath"] == "lab0"]
        if linked:  # whoever declares datapaths takes the ports as they are
            scene.host.must(PORT, ports=linked)
        again = scene.host.target.run(upheaval.module, **upheaval.second)
        seen = scene.seen()
        if again.get("failed") or judged(seen, what) != judged(scene.final, what):
            verdict.wrong.append((where, again.get("msg"), scene.changed_names(seen)))
        if not scene.foreign_kept(seen):
            verdict.wrong.append((where, "foreign things changed"))
        scene.first()
    verdict.give()


def test_two_runs_with_different_wishes(vtep1: Target) -> None:
    """They take turns: the port is wholly one's or wholly the other's, and nobody fails."""
    host = Host(vtep1)
    host.clean()
    host.datapath("lab0")
    wishes = [
        {"vni": 1, "remotes": ["198.18.0.12"], "ttl": "9", "port_no": 11, "mtu": "1300"},
        {"vni": 2, "remotes": ["198.18.0.13"], "ttl": "7", "port_no": 12, "mtu": "1200"},
    ]
    calls = [
        {"module": PORT, "args": {"name": "shared", "datapath": "lab0", **wish}} for wish in wishes
    ]
    won = [0, 0]
    for number in range(ROUNDS):
        results = host.target.run.at_once(*calls)
        assert not [result["msg"] for result in results if result.get("failed")]
        seen = host.look()
        (last,) = [n for n, wish in enumerate(wishes) if seen.vxlan("shared")["id"] == wish["vni"]]
        won[last] += 1
        wish = wishes[last]
        assert seen.linked("shared", "lab0", int(str(wish["port_no"])))
        assert seen.vxlan("shared")["ttl"] == int(str(wish["ttl"]))
        assert seen.links["shared"]["mtu"] == int(str(wish["mtu"]))
        assert seen.flood["shared"] == {f"{wish['remotes'][0]} self permanent"}  # type: ignore[index]
        if number % 2:
            host.must(PORT, name="shared", state="absent")
    print(f"{ROUNDS} rounds, the last word had {won[0]} times the one, {won[1]} times the other")
    host.clean()
