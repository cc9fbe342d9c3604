"""A host's own ports in VLANs of a bridge: the database and the device, witnessed by both."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ovsdb.witness import Ovs

BLUE: dict[str, Any] = {
    "name": "if-blue",
    "bridge": "br0",
    "tag": 11,
    "mtu": 1400,
    "address": ["192.0.2.1/24", "2001:db8::1/64"],
}


@pytest.fixture
def bridge(ovs: Ovs) -> Ovs:
    """A bridge that is not ours to manage."""
    ovs.sh("ovs-vsctl --timeout=20 add-br br0")
    return ovs


def run(ovs: Ovs, *, check: bool = False, **args: Any) -> dict[str, Any]:
    """Run ovs_access_port."""
    return ovs.target.run("ovs_access_port", check=check, **args)


def done(result: dict[str, Any]) -> list[str]:
    """What was done, in order."""
    assert not result.get("failed"), result
    return [action["action"] for action in result["actions"]]


def device(ovs: Ovs, name: str) -> tuple[int, bool, set[str]]:
    """MTU, up and global addresses of a device, by iproute2."""
    link = ovs.target.link(name)
    assert link is not None
    lines = ovs.sh(f"ip -o address show dev {name} scope global").splitlines()
    return link["mtu"], "UP" in link["flags"], {line.split()[3] for line in lines}


def test_a_port_is_what_is_declared_and_the_dry_run_said_so(bridge: Ovs) -> None:
    foreseen = run(bridge, check=True, **BLUE)
    assert bridge.target.link("if-blue") is None
    result = run(bridge, **BLUE)
    assert result["actions"] == foreseen["actions"]
    assert bridge.sh("ovs-vsctl get port if-blue tag").strip() == "11"
    assert device(bridge, "if-blue") == (1400, True, {"192.0.2.1/24", "2001:db8::1/64"})
    assert done(run(bridge, **BLUE)) == []


def test_what_differs_is_changed_in_place(bridge: Ovs) -> None:
    run(bridge, **BLUE)
    before = bridge.target.link("if-blue")
    changed = {**BLUE, "tag": 12, "mtu": 1300, "address": ["192.0.2.1/24", "192.0.2.9/24"]}
    result = run(bridge, **changed)
    assert done(result) == ["change"]
    assert set(result["actions"][0]["changes"]) == {"tag", "mtu", "address"}
    assert bridge.sh("ovs-vsctl get port if-blue tag").strip() == "12"
    assert device(bridge, "if-blue") == (1300, True, {"192.0.2.1/24", "192.0.2.9/24"})
    after = bridge.target.link("if-blue")
    assert before is not None
    assert after is not None
    assert before["ifindex"] == after["ifindex"]


@pytest.mark.parametrize(
    "damage",
    [
        "ip link set dev if-blue down",
        "ip address del 192.0.2.1/24 dev if-blue",
        "ip address add 192.0.2.77/32 dev if-blue",
        "ovs-vsctl --timeout=20 set port if-blue tag=99",
    ],
)
def test_drift_is_named_and_repaired(bridge: Ovs, damage: str) -> None:
    run(bridge, **BLUE)
    bridge.sh(damage)
    foreseen = run(bridge, check=True, **BLUE)
    assert done(foreseen) == ["change"]
    assert run(bridge, **BLUE)["actions"] == foreseen["actions"]
    assert device(bridge, "if-blue") == (1400, True, {"192.0.2.1/24", "2001:db8::1/64"})
    assert bridge.sh("ovs-vsctl get port if-blue tag").strip() == "11"


def test_only_what_is_ours_is_touched(bridge: Ovs) -> None:
    bridge.sh("ovs-vsctl --timeout=20 add-port br0 vm1 -- set interface vm1 type=internal")
    run(bridge, ports=[BLUE], owner="mine")
    assert done(run(bridge, ports=[], purge=True, owner="another")) == []
    assert "mark" in run(bridge, name="vm1", bridge="br0", tag=11)["msg"]
    assert done(run(bridge, ports=[], purge=True, owner="mine")) == ["delete"]
    assert bridge.sh("ovs-vsctl list-ports br0").split() == ["vm1"]
    assert bridge.target.link("if-blue") is None


def test_a_device_of_that_name_is_not_taken_for_the_port(bridge: Ovs) -> None:
    """ovs-vswitchd refuses such a port, and the device is somebody else's."""
    bridge.sh("ip link add if-blue type dummy")
    before = bridge.sh("ip -d -o address show dev if-blue")
    foreseen, result = run(bridge, check=True, **BLUE), run(bridge, **BLUE)
    assert "if-blue is a device of kind dummy" in result["msg"]
    assert foreseen["msg"] == result["msg"]
    assert bridge.sh("ip -d -o address show dev if-blue") == before
    assert bridge.sh("ovs-vsctl list-ports br0") == ""


def test_a_port_that_ovs_vswitchd_refuses_is_an_error_and_undone(bridge: Ovs) -> None:
    bridge.sh("ovs-dpctl add-dp if-blue")
    try:
        result = run(bridge, **BLUE)
        assert "ovs-vswitchd refused port if-blue" in result["msg"], result
        assert result["rolled_back"]
        assert bridge.sh("ovs-vsctl list-ports br0") == ""
    finally:
        bridge.sh("ovs-dpctl del-dp if-blue")


def test_an_mtu_that_nobody_asked_for_is_not_foretold(bridge: Ovs) -> None:
    wanted: dict[str, Any] = {"name": "if-blue", "bridge": "br0", "tag": 11}
    foreseen, result = run(bridge, check=True, **wanted), run(bridge, **wanted)
    assert result["diff"] == foreseen["diff"]
    assert "mtu" not in result["diff"]["after"]
    assert result["ports"][0]["mtu"] == 1500


def test_an_address_that_no_device_can_have_is_refused_before_anything(bridge: Ovs) -> None:
    result = run(bridge, **{**BLUE, "address": ["192.0.2.0/24"]})
    assert "network or broadcast address" in result["msg"]
    assert bridge.sh("ovs-vsctl list-ports br0") == ""
