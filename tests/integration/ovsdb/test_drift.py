"""What happens to the kernel behind the back of ovs-vswitchd is seen, named and repaired."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.harness import REMOTE
from tests.integration.ovsdb.conftest import BRIDGE, Peer
from tests.integration.ovsdb.witness import Ovs, eventually

DEVICE = "vxlan_sys_4789"
# Detaches and no more: ovs-dpctl del-if would delete the device too.
DETACH = """
import sys
sys.path.insert(0, "@REMOTE@")
base = "ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel."
from importlib import import_module
reader, encode = (import_module(base + name) for name in ("reader", "encode"))
kernel = reader.Reader()
system = kernel.snapshot().datapaths["ovs-system"]
number = next(port.port_no for port in system.vports if port.name == "vxlan_sys_4789")
request = encode.del_vport(kernel.family("ovs_vport"), system.ifindex, number)
(reply,) = kernel.generic.batch([request])
assert not reply.errno, reply
""".replace("@REMOTE@", REMOTE)
FAULTS = {
    "down": (f"ip link set {DEVICE} down", "set up", "was set down"),
    "deleted": (f"ip link delete {DEVICE}", "recreate", "was deleted"),
    "detached": (f"python3 - <<'END'\n{DETACH}\nEND", "link", "was detached"),
    "detached_and_down": (
        f"python3 - <<'END'\n{DETACH}\nEND\nip link set {DEVICE} down",
        "link",
        "was detached",
    ),
    "replaced": (
        f"ip link delete {DEVICE} && ip link add {DEVICE} type vxlan id 9 dstport 4789 && "
        f"ip link set {DEVICE} up",
        "recreate",
        "is not the device",
    ),
}


def _numbers(ovs: Ovs) -> str:
    """OpenFlow and datapath number of the tunnel, and that of the port in the kernel."""
    found = re.search(r"vxa (\d+/\d+)", ovs.appctl("dpif/show"))
    assert found
    return f"{found[1]} {ovs.target.ports('ovs-system').get(DEVICE)}"


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_drift_is_named_repaired_and_carries_traffic(alive: Ovs, peer: Peer, fault: str) -> None:
    script, operation, reason = FAULTS[fault]
    wanted = {
        "bridges": [BRIDGE],
        "name": "vxa",
        "bridge": "br0",
        "remote_ip": peer.underlay,
        "key": "100",
    }
    before, rows = _numbers(alive), alive.settings()
    alive.sh(script)
    assert alive.interface("vxa")["error"] == ["set", []], "the database still reports it as good"
    assert not alive.pings(peer.overlay, count=1, seconds=1)
    foreseen = alive.foresees(**wanted)
    assert [(one["action"], one["device"]) for one in foreseen["actions"]] == [(operation, DEVICE)]
    assert reason in foreseen["actions"][0]["why"]
    assert DEVICE in foreseen["diff"]["after"]
    result = alive.apply(**wanted)
    assert result["actions"] == foreseen["actions"]
    assert result["diff"] == foreseen["diff"]
    eventually(lambda: alive.pings(peer.overlay), "the overlay answers again")
    link = alive.target.link(DEVICE)
    assert link is not None
    assert (link["master"], link["mtu"]) == ("ovs-system", 65000)
    assert "UP" in link["flags"]
    assert alive.udp_open(4789)
    assert _numbers(alive) == before
    assert alive.apply(**wanted)["actions"] == []
    # ovs-vswitchd goes on with what it found, through a reconfiguration of the same device.
    assert alive.settings() == rows
    alive.vsctl("add-port br0 more -- set interface more type=vxlan options:remote_ip=198.18.0.99")
    eventually(lambda: alive.pings(peer.overlay), "the overlay answers after a reconfiguration")


def test_drift_of_a_port_that_others_use_too_heals_them(alive: Ovs, peer: Peer) -> None:
    """Their rows are not touched, and their tunnels live again with ours."""
    alive.vsctl("add-port br0 fgn -- set interface fgn type=vxlan options:remote_ip=198.18.0.99")
    before = alive.interface("fgn")
    alive.sh(f"ip link delete {DEVICE}")
    result = alive.apply(name="vxa", bridge="br0", remote_ip=peer.underlay, key="100")
    assert [one["action"] for one in result["actions"]] == ["recreate"]
    after = alive.interface("fgn")
    assert {k: after[k] for k in ("_uuid", "options", "ofport", "external_ids")} == {
        k: before[k] for k in ("_uuid", "options", "ofport", "external_ids")
    }
    eventually(lambda: alive.pings(peer.overlay), "the overlay answers again")


def test_a_new_tunnel_brings_back_the_device_of_others(ovs: Ovs) -> None:
    """ovs-vswitchd believes that it still has it; the dry run knows better."""
    ovs.vsctl("add-br br9 -- add-port br9 fgn -- set interface fgn type=vxlan options:key=9")
    ovs.vsctl("set interface fgn options:remote_ip=198.18.0.99")
    ovs.sh(f"ip link delete {DEVICE}")
    other = {"bridges": [{"name": "br0"}], "bridge": "br0", "remote_ip": "198.18.0.12"}
    aside = ovs.foresees(**other, name="vxb", dst_port=4790)
    assert ovs.apply(**other, name="vxb", dst_port=4790)["diff"] == aside["diff"]
    assert ovs.target.link(DEVICE) is None
    foreseen = ovs.foresees(**other, name="vxc")
    result = ovs.apply(**other, name="vxc")
    assert [one["action"] for one in result["actions"]] == ["create", "recreate"]
    assert (result["actions"], result["diff"]) == (foreseen["actions"], foreseen["diff"])
    assert "UP" in (ovs.target.link(DEVICE) or {})["flags"]
    assert ovs.apply(**other, name="vxc")["actions"] == []


A = {"name": "a", "bridge": "br0", "remote_ip": "198.18.0.12", "key": "1"}
C = {"name": "c", "bridge": "br0", "remote_ip": "198.18.0.13", "key": "1", "dst_port": 4790}


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ([A], [A, {**C, "dst_port": 4791}], {}),
        ([A], [{**A, "dst_port": 4790}], {}),
        ([A], [C], {"purge": True}),
        ([A, C], [{**A, "dst_port": 4790}, {**C, "dst_port": 4791}], {}),
        ([A], [A], {"bridges": [{"name": "br0"}, {"name": "br1"}]}),
    ],
    ids=["a new one beside it", "moves", "another one", "two move", "a new bridge"],
)
def test_a_device_that_is_gone_loses_its_number_to_no_other(
    ovs: Ovs, before: list[dict[str, Any]], after: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    """Its number is the lowest that is free, and ovs-vswitchd holds it to be its own for good."""
    wanted = {"bridges": [{"name": "br0"}], "tunnels": after, **more}
    ovs.apply(bridges=[{"name": "br0"}], tunnels=before)
    ovs.sh(f"ip link delete {DEVICE}")
    foreseen = ovs.foresees(**wanted)
    assert (foreseen["actions"][0]["action"], foreseen["actions"][0]["device"]) == (
        "recreate",
        DEVICE,
    )
    result = ovs.apply(**wanted)
    assert (result["actions"], result["diff"]) == (foreseen["actions"], foreseen["diff"])
    assert ovs.apply(**wanted)["actions"] == []
    ports = {one.get("dst_port", 4789) for one in after}
    links = ovs.sh("ip -o link show type vxlan master ovs-system up")
    assert {int(number) for number in re.findall(r"vxlan_sys_(\d+):", links)} == ports


LEFT = f"ip link add {DEVICE} up type vxlan external dstport 4789 nolearning udp6zerocsumrx"


@pytest.mark.parametrize(
    ("script", "operations"),
    [
        (LEFT, ["create"]),
        (f"{LEFT}; ip link set {DEVICE} down", ["create", "set up"]),
        (f"{LEFT} gbp", ["create", "recreate"]),
        (f"ip link add {DEVICE} type vxlan id 9 dstport 4789", ["create"]),
    ],
    ids=["as it is to be", "down", "more extensions", "a stranger"],
)
def test_a_device_in_the_way_of_a_new_one_is_foreseen_as_it_will_be(
    ovs: Ovs, script: str, operations: list[str]
) -> None:
    """ovs-vswitchd takes over what has all that it needs, and deletes any other."""
    wanted = {"bridges": [{"name": "br0"}], "tunnels": [A]}
    ovs.apply(bridges=[{"name": "br0"}], tunnels=[])
    ovs.sh(script)
    foreseen = ovs.foresees(**wanted)
    result = ovs.apply(**wanted)
    assert [one["action"] for one in result["actions"]] == operations
    assert (result["actions"], result["diff"]) == (foreseen["actions"], foreseen["diff"])
    assert ovs.apply(**wanted)["actions"] == []
    link = ovs.target.link(DEVICE) or {}
    assert (link["master"], "UP" in link["flags"]) == ("ovs-system", True)
    seen = link["linkinfo"]["info_data"]
    assert (seen.get("external"), "gbp" in seen) == (True, False)


def test_a_device_of_another_kind_is_not_given_to_ovs_vswitchd_to_delete(ovs: Ovs) -> None:
    ovs.sh(f"ip link add {DEVICE} type dummy")
    message = ovs.fails(bridges=[{"name": "br0"}], tunnels=[A])
    assert f"{DEVICE} is a device of kind dummy" in message
    assert ovs.bridges() == []
    assert (ovs.target.link(DEVICE) or {})["linkinfo"]["info_kind"] == "dummy"


def test_a_foreign_device_under_the_name_is_an_error_and_not_touched(
    alive: Ovs, peer: Peer
) -> None:
    alive.sh(f"ip link delete {DEVICE} && ip link add {DEVICE} type dummy")
    message = alive.fails(name="vxa", bridge="br0", remote_ip=peer.underlay, key="100")
    assert f"{DEVICE} is a device of kind dummy" in message
    link = alive.target.link(DEVICE)
    assert link is not None
    assert link["linkinfo"]["info_kind"] == "dummy"
