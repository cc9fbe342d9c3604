"""Somebody else is at work at the same time: who wins is settled, and nobody loses what is his.

A neighbour acts right between the module's look and its request, so that each race is lost for
certain; then the same with a neighbour that acts whenever it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host
from tests.integration.kernel.witness import eventually

PORTS = [
    {"name": "first", "vni": 1, "remotes": ["198.18.0.12"], "mac_address": "02:00:00:00:00:01"},
    {"name": "second", "vni": 2, "mac_address": "02:00:00:00:00:02"},
]
TASK: dict[str, Any] = {"datapath": "lab0", "ports": PORTS}
ROUNDS = 200
TWINS = 5

# When the neighbour acts, and what it does: harmless, since the set can still be had.
HARMLESS = {
    "deletes a device before it is linked": ("vport", "ip link del dev second"),
    "deletes a device before it is marked": ("set", "ip link del dev first"),
    "links a device for us": ("vport", "ovs-dpctl add-if lab0 second,port_no=2"),
    "links a device for us as another number": ("vport", "ovs-dpctl add-if lab0 second,port_no=9"),
    "links a device elsewhere": ("vport", "ovs-dpctl add-if lab1 second"),
    "takes the port number": (
        "vport",
        "ip link add hand up type vxlan id 9 dstport 7000 && ovs-dpctl add-if lab0 hand,port_no=1",
    ),
    "sets a device down": ("vport", "ip link set dev first down"),
    "empties a flood list": ("vport", "bridge fdb del 00:00:00:00:00:00 dev first dst 198.18.0.12"),
}
# When it acts, what it does, and what the error then says.
HARMFUL = {
    "makes a device of that name": (
        "create",
        "ip link add second type vxlan id 77 dstport 7000",
        "second exists and is not marked as ours: it was made by hand",
    ),
    "makes a dummy of that name": (
        "create",
        "ip link add second type dummy",
        "second is not a vxlan device: second is a device of kind dummy",
    ),
    "takes the VNI": (
        "create",
        "ip link add hand type vxlan id 2 dstport 4789",
        "VNI 2 on UDP port 4789 already exists: hand (vxlan, VNI 2",
    ),
    "takes the UDP port": (
        "create",
        "ip link add hand up type vxlan id 9 dstport 4789 gbp",
        "UDP port 4789 is held by hand (vxlan, VNI 9, port 4789, gbp",
    ),
    "deletes the datapath": ("vport", "ovs-dpctl del-dp lab0", "datapath lab0 does not exist"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_neighbour(host: Host, name: str) -> None:
    host.datapath("lab0", "lab1")
    result = host.target.run.spoiled(PORT, {"meddle": HARMLESS[name]}, **TASK)
    assert not result.get("failed"), result["msg"]
    seen = host.look()
    for port in PORTS:
        assert seen.linked(str(port["name"]), "lab0")
        assert seen.owner(str(port["name"])) == "default"
    assert seen.flood["first"] == {"198.18.0.12 self permanent"}
    if "hand" in seen.links:
        assert seen.ports["lab0"]["hand"] == 1, "what the neighbour made is left alone"
    assert host.must(PORT, **TASK)["actions"] == []


@pytest.mark.parametrize("name", HARMFUL)
def test_a_neighbour_in_the_way(host: Host, name: str) -> None:
    when, script, message = HARMFUL[name]
    host.datapath("lab0")
    before = host.look().without_identity()
    error = host.target.run.spoiled(PORT, {"meddle": (when, script)}, **TASK)
    assert error.get("failed"), "the neighbour was not in the way"
    assert message in error["msg"]
    assert "leftovers" not in error
    seen = host.look().without_identity()
    if "del-dp" in script:
        assert not {"first", "second", "lab0"} & set(seen.links)
        return
    theirs = script.split()[3]
    assert theirs in seen.links, "what the neighbour made is left alone"
    assert seen.owner(theirs) is None
    seen.links.pop(theirs)
    assert seen.links == before.links
    assert seen.ports == before.ports


def test_a_port_keeps_its_number_though_a_race_is_lost(host: Host) -> None:
    """Flows lead to its number: it comes back under it although it had gone altogether."""
    host.datapath("lab0")
    host.must(PORT, ports=[{**PORTS[1], "port_no": 9}], datapath="lab0")
    meddle = ("vport", "ip link del dev second")
    result = host.target.run.spoiled(
        PORT, {"meddle": meddle}, name="second", vni=3, datapath="lab0"
    )
    assert [entry["action"] for entry in result["actions"]].count("create") == 2
    assert host.look().linked("second", "lab0", 9)


def test_a_declared_number_is_taken_meanwhile(host: Host) -> None:
    host.datapath("lab0")
    before = host.look().without_identity()
    hand = (
        "ip link add hand up type vxlan id 9 dstport 7000 && ovs-dpctl add-if lab0 hand,port_no=5"
    )
    error = host.target.run.spoiled(
        PORT, {"meddle": ("vport", hand)}, name="new", vni=1, port_no=5, datapath="lab0"
    )
    assert "port number 5 of datapath lab0 is taken: port hand" in error["msg"]
    after = host.look().without_identity()
    assert after.ports["lab0"] == {"lab0": 0, "hand": 5}
    assert set(after.links) - set(before.links) == {"hand"}


def test_a_datapath_is_made_meanwhile(host: Host) -> None:
    error = host.target.run.spoiled(
        DATAPATH, {"meddle": ("vport", "ovs-dpctl add-dp lab0")}, name="lab0"
    )
    assert "lab0 exists and is not marked as ours" in error["msg"]
    assert host.look().ports == {"lab0": {"lab0": 0}}


def test_two_runs_at_once(host: Host) -> None:
    """Of the same set, one does it all and the other finds it done; sets of two owners join."""
    host.datapath("lab0")
    for number in range(TWINS):
        same = {"module": PORT, "args": {**TASK, "ports": [{"name": f"s{number}", "vni": number}]}}
        mine = {"name": f"m{number}", "vni": 100 + number}
        theirs = {"name": f"t{number}", "vni": 200 + number}
        results = host.target.run.at_once(
            same,
            same,
            {"module": PORT, "args": {"datapath": "lab0", **mine}},
            {"module": PORT, "args": {"datapath": "lab0", **theirs, "owner": "other"}},
        )
        assert not [result["msg"] for result in results if result.get("failed")]
        assert sorted(result["changed"] for result in results) == [False, True, True, True]
    seen = host.look()
    assert len(seen.ports["lab0"]) == 1 + 3 * (TWINS)
    assert len(set(seen.ports["lab0"].values())) == len(seen.ports["lab0"])
    assert seen.owner("t0") == "other"


@contextmanager
def neighbour(host: Host, loop: str) -> Iterator[None]:
    """Somebody who does the same over and over; gone with all its children at the end."""
    script = f"setsid sh -c 'while :; do {loop}; done' >/dev/null 2>&1 & echo $!"
    pid = host.sh(script).strip()
    try:
        yield
    finally:
        host.sh(f"kill -- -{pid}")
        eventually(lambda: not host.sh(f"pgrep -g {pid} || true"), "the neighbour ends")


def test_a_neighbour_that_deletes_all_the_time(host: Host) -> None:
    """Every run ends in success or in a clear error, and the first undisturbed one converges."""
    host.datapath("lab0")
    converged = disturbed = 0
    with neighbour(host, "ip link del dev first; ovs-dpctl del-if lab0 second"):
        for _round in range(ROUNDS):
            result = host.target.run(PORT, **TASK)
            converged += not result.get("failed")
            disturbed += bool(result.get("actions"))
    print(f"{ROUNDS} rounds, {converged} converged, {disturbed} with something to repair")
    assert disturbed > 1
    run = host.ports(PORTS, datapath="lab0")
    assert all(run.after.linked(str(port["name"]), "lab0") for port in PORTS)
    assert run.after.flood["first"] == {"198.18.0.12 self permanent"}
