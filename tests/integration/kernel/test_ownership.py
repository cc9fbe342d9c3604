"""Ours, another owner's, and nobody's: adopt takes over, purge removes ours and nothing else."""

from __future__ import annotations

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host

HAND = """
set -e
ip link add hand up type vxlan id 9 dstport 7000 ttl 7
bridge fdb append 00:00:00:00:00:00 dev hand dst 198.18.0.12
ip link add loose type vxlan id 10 dstport 7000
ovs-dpctl add-dp hand0 && ovs-dpctl add-if lab0 hand,port_no=9
ovs-dpctl add-flow lab0 'in_port(9),eth()' 0
"""
FOREIGN = ("hand", "loose", "hand0", "o1", "o2", "other0")


@pytest.fixture
def shared(host: Host) -> Host:
    """A host with ports of ours, of another owner, and of nobody."""
    host.datapath("lab0", "lab1")
    host.sh(HAND)
    host.must(DATAPATH, name="other0", owner="other")
    ports = [{"name": "o1", "vni": 1, "port_no": 21}, {"name": "o2", "vni": 2, "state": "detached"}]
    host.must(PORT, ports=ports, datapath="lab0", owner="other")
    host.must(PORT, ports=[{"name": f"m{n}", "vni": 30 + n} for n in range(4)], datapath="lab0")
    return host


def test_purge_removes_ours_and_nothing_else(shared: Host) -> None:
    before = shared.look(flows=True)
    run = shared.ports([{"name": "m1", "vni": 31}], datapath="lab0", purge=True, flows=True)
    assert {entry["port"] for entry in run.entries()} == {"m0", "m2", "m3"}
    assert all("purge" in entry["why"] for entry in run.entries())
    assert run.after.only(*FOREIGN) == before.only(*FOREIGN)
    assert run.after.only("m1") == before.only("m1")
    assert run.after.ports["lab0"] == {"lab0": 0, "hand": 9, "o1": 21, "m1": 2}
    assert run.after.flows == before.flows
    everything = shared.converge(PORT, purge=True, flows=True)
    assert everything.actions() == ["detach", "delete"]
    assert everything.after.only(*FOREIGN) == before.only(*FOREIGN)


def test_purge_of_another_owner(shared: Host) -> None:
    before = shared.look()
    run = shared.converge(PORT, purge=True, owner="other")
    assert {entry["port"] for entry in run.entries()} == {"o1", "o2"}
    ours = ("m0", "m1", "m2", "m3", "hand", "loose")
    assert run.after.only(*ours) == before.only(*ours)


def test_purge_of_datapaths(shared: Host) -> None:
    """A datapath of ours with foreign ports on it is spared; one without is purged."""
    error = shared.refused(DATAPATH, name="lab1", purge=True)
    assert "lab0 is ours and not declared" in error["cause"]
    assert error["culprit"] == "hand, o1"
    before = shared.look()
    run = shared.converge(DATAPATH, name="lab0", purge=True)
    assert [entry["datapath"] for entry in run.entries()] == ["lab1"]
    assert run.after.ports == {
        name: ports for name, ports in before.ports.items() if name != "lab1"
    }


def test_adopt_takes_over_what_is_named(shared: Host) -> None:
    before = shared.look()
    ports = [
        {"name": "hand", "vni": 9, "dst_port": 7000, "ttl": "7", "df": "unset", "adopt": True},
        {"name": "o2", "vni": 2, "state": "detached", "adopt": True},
    ]
    run = shared.ports(ports, datapath="lab0", mtu="1500")
    assert run.changes("hand")["mark"] == (None, "tunnelmesh.ovs owner=default")
    assert run.changes("o2")["mark"][0] == "tunnelmesh.ovs owner=other"
    owners = [run.after.owner(name) for name in ("hand", "o2", "o1")]
    assert owners == ["default", "default", "other"]
    assert run.after.linked("hand", "lab0", 9), "its number is kept"
    assert run.after.ifindex("hand") == before.ifindex("hand")
    assert run.after.flood["hand"] == before.flood["hand"], "remotes were not declared"
    without = shared.ports([{"name": "hand", "state": "absent"}]).after
    assert "hand" not in without.links, "adopted once, it is ours"


def test_a_device_that_only_looks_like_ours(host: Host) -> None:
    """The mark must be whole: an alias that merely resembles it is somebody's own."""
    host.datapath("lab0")
    aliases = ("tunnelmesh.ovs owner=", "tunnelmesh.ovs", "x tunnelmesh.ovs owner=default")
    for number, alias in enumerate(aliases):
        host.sh(f"ip link add v{number} type vxlan id {number} dstport 4789")
        host.sh(f"ip link set v{number} alias '{alias}'")
    run = host.converge(PORT, purge=True)
    assert run.actions() == []
    assert {"v0", "v1", "v2"} <= set(run.after.links)
