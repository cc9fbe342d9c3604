"""Somebody changes a port behind our back: a dry run names it, a run repairs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host, Run
from tests.integration.kernel.witness import eventually

PEERS = ["198.18.0.12", "198.18.0.13"]
NAMES = ("gone", "loose", "entry", "stray", "down", "mtu", "mac", "ttl", "group", "fine", "joined")
PORTS: list[dict[str, Any]] = [
    {"name": name, "vni": 10 + at, "remotes": PEERS, "mac_address": f"02:00:00:00:00:{at:02}"}
    for at, name in enumerate(NAMES)
]
PORTS.append({"name": "own", "dst_port": 6001, "vport_type": "vxlan"})
DRIFT = """
set -e
ip link del dev gone
ovs-dpctl del-if lab0 loose
bridge fdb del 00:00:00:00:00:00 dev entry dst 198.18.0.13
bridge fdb append 00:00:00:00:00:00 dev stray dst 198.18.0.99
ip link set dev down down
ip link set dev mtu mtu 1200
ip link set dev mac address 02:00:00:00:ff:fe
ip link set dev ttl type vxlan ttl 3 tos 8
ip link set dev group group 77
ovs-dpctl del-if lab0 joined && ip link add br9 type bridge && ip link set dev joined master br9
ip link set dev joined nomaster
ovs-dpctl del-if lab0 own || true  # complains that the device went with the vport
"""


@dataclass(frozen=True)
class Repair:
    """What is done to a port, and what its change says as (before, after)."""

    actions: list[str]
    changes: dict[str, tuple[Any, Any]]


REPAIRS = {
    "gone": Repair(["create", "link"], {}),
    "loose": Repair(["link"], {}),
    "entry": Repair(["change"], {"remotes": (PEERS[:1], PEERS)}),
    "stray": Repair(["change"], {"remotes": ([*PEERS, "198.18.0.99"], PEERS)}),
    "down": Repair(["change"], {"up": (False, True)}),
    "mtu": Repair(["change"], {"mtu": (1200, 1450)}),
    "mac": Repair(["change"], {"mac": ("02:00:00:00:ff:fe", "02:00:00:00:00:06")}),
    "ttl": Repair(["change"], {"ttl": (3, 64), "tos": (8, 0)}),
    "group": Repair([], {}),
    "fine": Repair([], {}),
    "joined": Repair(["link"], {}),
    "own": Repair(["create"], {}),
}


@pytest.fixture(scope="module")
def repaired(machine: Host) -> tuple[Run, Run]:
    """A set of ports, and the same after drift and repair."""
    machine.clean()
    machine.datapath("lab0")
    made = machine.ports(PORTS, datapath="lab0")
    machine.sh(DRIFT)
    eventually(lambda: "gone" not in machine.look().ports["lab0"], "the kernel drops the vport")
    return made, machine.ports(PORTS, datapath="lab0")


@pytest.mark.parametrize("name", REPAIRS)
def test_drift_is_named_and_repaired(repaired: tuple[Run, Run], name: str) -> None:
    (made, run), repair = repaired, REPAIRS[name]
    assert run.actions(name) == repair.actions
    if repair.changes:
        assert run.changes(name) == repair.changes
    expected = made.after.without_identity()
    found = run.after.without_identity()
    if name == "group":  # the group of a link is the user's own and is kept
        assert found.links[name].pop("group") == "77"
        expected.links[name].pop("group")
    if name == "own":
        expected.links[name]["address"] = found.links[name]["address"]
    assert found.only(name, "lab0") == expected.only(name, "lab0")
    if "create" not in repair.actions:
        assert made.after.ifindex(name) == run.after.ifindex(name)


def test_a_datapath_is_removed_with_ports_on_it(host: Host) -> None:
    host.datapath("lab0")
    first = host.ports(PORTS, datapath="lab0")
    host.sh("ovs-dpctl del-dp lab0")
    error = host.refused(PORT, ports=PORTS, datapath="lab0")
    assert "datapath lab0 does not exist" in error["cause"]
    host.datapath("lab0")
    run = host.ports(PORTS, datapath="lab0")
    assert run.actions().count("link") == len(PORTS) - 1
    assert run.actions("own") == ["create"]
    assert all(run.after.linked(port["name"], "lab0") for port in PORTS)
    assert first.after.ifindex("fine") == run.after.ifindex("fine"), "the device lived on"


def test_drift_of_a_datapath(host: Host) -> None:
    host.datapath("lab0")
    host.must(PORT, ports=[{"name": "v1", "vni": 1}, {"name": "v2", "vni": 2}], datapath="lab0")
    task: dict[str, Any] = {
        "name": "lab0",
        "mtu": 1400,
        "address": ["198.19.1.1/24"],
        "connect": [["lab0", "v1"]],
    }
    made = host.converge(DATAPATH, flows=True, **task)
    host.sh(
        "set -e; ip link set dev lab0 down; ip link set dev lab0 mtu 1300;"
        "ip address del 198.19.1.1/24 dev lab0; ip address add 198.19.9.9/24 dev lab0;"
        "ovs-dpctl del-flows lab0"
    )
    run = host.converge(DATAPATH, flows=True, **task)
    assert run.actions() == ["change", "connect"]
    assert run.changes("lab0") == {
        "up": (False, True),
        "mtu": (1300, 1400),
        "address": (["198.19.9.9/24"], ["198.19.1.1/24"]),
    }
    assert run.after == made.after


def test_a_renumbered_port_is_connected_again(host: Host) -> None:
    """Flows name ports by number: a port that comes back under another one is wired anew."""
    host.datapath("lab0")
    host.must(PORT, name="v1", vni=1, port_no=5, datapath="lab0")
    task: dict[str, Any] = {"name": "lab0", "connect": [["lab0", "v1"]]}
    host.must(DATAPATH, **task)
    host.sh("ovs-dpctl del-if lab0 v1 && ovs-dpctl add-if lab0 v1,port_no=6")
    run = host.converge(DATAPATH, flows=True, **task)
    assert run.actions() == ["disconnect", "connect"]
    outputs = sorted(flow.split(",eth()")[0] for flow in run.after.flows["lab0"])
    assert outputs == ["in_port(0)", "in_port(6)"]


def test_renamed_behind_our_back(host: Host) -> None:
    """A linked device that was renamed: the old name is made anew, the new one purged."""
    host.datapath("lab0")
    host.must(PORT, name="v1", vni=1, datapath="lab0")
    host.sh("ip link set v1 down && ip link set v1 name renamed && ip link set renamed up")
    run = host.ports([{"name": "v1", "vni": 1}], datapath="lab0", purge=True)
    assert "renamed" not in run.after.links
    assert run.after.linked("v1", "lab0", 1)
