"""The event source tells of each drift once, of its repair once, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.info.mesh import DATAPATH, ON_KERNEL, ON_OVSDB, OWNER, Mesh, must
from tests.integration.info.source import Source

Told = list[tuple[str, tuple[str, ...]]]
# A second drift, which shows that everything about the first has been told.
MARKER = ("device_down", ("vx6",))


@pytest.fixture(scope="module")
def running(mesh: Mesh) -> Iterator[Source]:
    """The source on the first host; when it has told of a drift, it is there."""
    found = Source(mesh.first, owner=OWNER, host="first", interval=20)
    try:
        found.until(lambda: "following" in "".join(found.log))
        yield found
    finally:
        found.close()


@pytest.fixture
def source(running: Source) -> Source:
    """The source, with everything solved that it has told."""
    running.forget()
    return running


def _sequence(source: Source) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one["state"], one["code"], tuple(one["affects"])) for one in source.events]


PORT_NO = r"$(ovs-dpctl show dp-info | sed -n 's/.*port \([0-9]*\): vx4.*/\1/p')"
VX4, VX6 = ("vx4",), ("vx6",)
# What is done, what it is told as, how it is undone by hand.
DRIFTS = (
    (
        f"echo {PORT_NO} >/run/port_no; ovs-dpctl del-if {DATAPATH} vx4",
        "device_detached",
        f"ovs-dpctl add-if {DATAPATH} vx4,port_no=$(cat /run/port_no)",
    ),
    ("ip link set vx4 down", "device_down", "ip link set vx4 up"),
    (
        "bridge fdb del 00:00:00:00:00:00 dev vx4 dst 198.18.0.13",
        "flood_differs",
        "bridge fdb append 00:00:00:00:00:00 dev vx4 dst 198.18.0.13",
    ),
    (
        "bridge fdb append 00:00:00:00:00:00 dev vx4 dst 198.18.0.99",
        "flood_differs",
        "bridge fdb del 00:00:00:00:00:00 dev vx4 dst 198.18.0.99",
    ),
    (
        "ip address del 198.18.0.11/24 dev eth1",
        "local_ip_missing",
        "ip address add 198.18.0.11/24 dev eth1",
    ),
)


@ON_KERNEL
def test_every_drift_is_told_once_and_so_is_its_repair(mesh: Mesh, source: Source) -> None:
    told = []
    for script, code, undo in DRIFTS:
        for state, act in (("new", script), ("solved", undo)):
            mesh.first.sh(act)
            told.append((state, code, VX4))
            source.until(lambda: len(source.events) >= len(told))
    assert _sequence(source) == told
    event = source.events[2]
    assert (event["host"], event["severity"], event["plane"]) == ("first", "broken", "data")
    assert (event["culprit"], event["remotes"]) == ("vx4", [])
    assert event["cause"] == "vx4 is down, which closed its UDP port"
    assert event["remedy"].startswith("ip link set vx4 up")


@ON_KERNEL
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("ip link del vx4", [("port_missing", VX4)]),
        (f"ovs-dpctl del-dp {DATAPATH}", [("device_detached", VX4), ("device_detached", VX6)]),
    ],
    ids=["device", "datapath"],
)
def test_what_was_deleted_is_told_and_solved_by_a_run(
    mesh: Mesh, source: Source, script: str, told: Told
) -> None:
    mesh.first.sh(script)
    source.until(lambda: len(source.told("new")) >= len(told))
    mesh.again()
    assert source.told("new") == told
    source.until(lambda: {*told} <= {*source.told("solved")})


def _marked(mesh: Mesh, source: Source) -> Told:
    """Everything new that was told up to a second drift, which shows that it is everything."""
    mesh.first.sh("ip link set vx6 down")
    source.until(lambda: MARKER in source.told("new"))
    mesh.first.sh("ip link set vx6 up")
    return [one for one in source.told("new") if one != MARKER]


@ON_KERNEL
def test_nothing_is_told_of_others(mesh: Mesh, source: Source) -> None:
    mesh.first.sh(
        "ip link add flannel.7 type vxlan id 7 dstport 4777 dev eth1; ip link set flannel.7 up; "
        "bridge fdb append 00:00:00:00:00:00 dev flannel.7 dst 198.18.0.77; "
        "ovs-dpctl add-dp dp-foreign; ovs-dpctl add-if dp-foreign flannel.7; "
        "ip link set flannel.7 down; ovs-dpctl del-dp dp-foreign; ip link del flannel.7"
    )
    assert _marked(mesh, source) == []


@ON_KERNEL
def test_what_a_run_of_ours_changes_is_no_drift(mesh: Mesh, source: Source) -> None:
    port = {**mesh.ports[0][0], "name": "vxown", "vni": 690, "state": "detached"}
    must(mesh.first, "ovs_vxlan_port", owner=OWNER, ports=[port])
    shorter = {**port, "remotes": ["198.18.0.12"]}
    must(mesh.first, "ovs_vxlan_port", owner=OWNER, ports=[shorter])
    must(mesh.first, "ovs_vxlan_port", owner=OWNER, ports=[{"name": "vxown", "state": "absent"}])
    assert _marked(mesh, source) == []


@ON_KERNEL
def test_notices_that_were_lost_are_made_up_for(mesh: Mesh, source: Source) -> None:
    source.signal("STOP")
    try:
        mesh.first.sh(
            "ip link add name storm type bridge; ip link set storm up; ip link set vx4 down; "
            "for n in $(seq 1500); do echo link set storm alias number-$n; done | ip -batch -; "
            "ip link del storm"
        )
    finally:
        source.signal("CONT")
    source.until(lambda: ("device_down", VX4) in source.told("new"))
    source.until(lambda: "dropped notices" in "".join(source.log))
    mesh.first.sh("ip link set vx4 up")


@ON_OVSDB
@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("ip link set vxlan_sys_4789 down", "device_down"),
        ("ip link del vxlan_sys_4789", "device_missing"),
    ],
)
def test_a_shared_device_is_told_once_for_all_its_tunnels(
    mesh: Mesh, source: Source, script: str, code: str
) -> None:
    mesh.first.sh(script)
    source.until(lambda: source.told("new"))
    mesh.again()
    source.until(lambda: source.told("solved"))
    assert source.told("new") == [(code, ("vx12", "vx13", "vy12", "vy13"))]
    assert source.told("solved") == source.told("new")
