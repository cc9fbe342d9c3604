"""Bridges and their local ports, together with the tunnels on them."""

from __future__ import annotations

from typing import Any

from tests.integration.ovsdb.option_cases import BRIDGE as WHOLE
from tests.integration.ovsdb.witness import Ovs, eventually

# Flags, MTU and addresses of the internal ports.
SHOWN = "for d in br0 if-blue; do ip -br link show $d | cut -d' ' -f1; ip -br -4 a s $d; done"


def _bridge(ovs: Ovs) -> dict[str, Any]:
    return ovs.rows("Bridge")["br0"]


def _addresses(ovs: Ovs) -> set[str]:
    words = ovs.sh("ip -o address show dev br0 scope global").split("\n")
    return {line.split()[3] for line in words if line}


def test_every_option_of_a_bridge(ovs: Ovs) -> None:
    tunnel = {"name": "vx", "bridge": "br0", "remote_ip": "198.18.0.12"}
    foreseen = ovs.foresees(bridges=[WHOLE], **tunnel)
    result = ovs.apply(bridges=[WHOLE], **tunnel)
    assert result["actions"] == foreseen["actions"]
    assert result["diff"] == foreseen["diff"]
    row = _bridge(ovs)
    assert (row["fail_mode"], row["mcast_snooping_enable"]) == ("secure", True)
    assert dict(row["other_config"][1]) == {"hwaddr": "02:00:00:00:00:aa"}
    assert dict(row["external_ids"][1])["site"] == "north"
    link = ovs.target.link("br0")
    assert link is not None
    assert (link["mtu"], link["address"]) == (1400, "02:00:00:00:00:aa")
    assert "UP" in link["flags"]
    assert _addresses(ovs) == {"192.0.2.1/24", "2001:db8::1/64"}
    assert ovs.apply(bridges=[WHOLE], **tunnel)["actions"] == []


def test_what_is_omitted_stays_and_the_rest_changes_in_place(ovs: Ovs) -> None:
    ovs.apply(bridges=[WHOLE], tunnels=[])
    uuid = _bridge(ovs)["_uuid"]
    assert ovs.apply(bridges=[{"name": "br0"}], tunnels=[])["actions"] == []
    changed = {"name": "br0", "fail_mode": "standalone", "mtu": 1450, "address": ["192.0.2.2/24"]}
    result = ovs.apply(bridges=[changed], tunnels=[])
    assert [entry["action"] for entry in result["actions"]] == ["change", "set"]
    assert result["actions"][0]["changes"] == {
        "fail_mode": {"before": "secure", "after": "standalone"},
        "mtu": {"before": 1400, "after": 1450},
    }
    assert _bridge(ovs)["_uuid"] == uuid
    assert _addresses(ovs) == {"192.0.2.2/24"}
    link = ovs.target.link("br0")
    assert link is not None
    assert link["mtu"] == 1450
    ovs.apply(bridges=[{"name": "br0", "up": False, "address": []}], tunnels=[])
    assert _addresses(ovs) == set()


def test_a_local_port_that_was_changed_by_hand_is_set_right(ovs: Ovs) -> None:
    ovs.apply(bridges=[WHOLE], tunnels=[])
    ovs.sh("ip address add 192.0.2.9/24 dev br0; ip link set br0 down")
    result = ovs.apply(bridges=[WHOLE], tunnels=[])
    assert [entry["action"] for entry in result["actions"]] == ["set"]
    assert result["actions"][0]["changes"]["up"] == {"before": False, "after": True}
    assert "192.0.2.9/24" in str(result["actions"][0]["changes"]["address"]["before"])
    assert _addresses(ovs) == {"192.0.2.1/24", "2001:db8::1/64"}


def test_force_removes_a_bridge_with_ports_of_others(ovs: Ovs) -> None:
    ovs.apply(bridges=[{"name": "br0"}], name="vx", bridge="br0", remote_ip="198.18.0.12")
    ovs.vsctl("add-port br0 theirs -- set interface theirs type=internal")
    gone = {"name": "br0", "state": "absent"}
    assert "it has ports that are not ours: theirs" in ovs.fails(bridges=[gone])
    result = ovs.apply(bridges=[{**gone, "force": True}])
    assert [entry["action"] for entry in result["actions"]] == ["delete", "delete"]
    assert ovs.bridges() == []
    assert ovs.apply(bridges=[gone])["actions"] == []


def test_a_bridge_that_goes_comes_back_when_the_rest_fails(ovs: Ovs) -> None:
    """Its controller, mirror and foreign-looking columns too, by one transaction."""
    ovs.apply(bridges=[WHOLE, {"name": "br1"}], tunnels=[], bridge="br0", remotes=["198.18.0.12"])
    ovs.sh(
        "ovs-vsctl --timeout=20 set-controller br0 ptcp:6699:127.0.0.1 "
        "-- --id=@m create mirror name=m0 select_all=true "
        "-- set bridge br0 mirrors=@m flood_vlans=5"
    )
    before = ovs.settings()
    with ovs.socket_on(4790):
        result = ovs(
            bridges=[{"name": "br1"}],
            name="vx",
            bridge="br1",
            remote_ip="198.18.0.13",
            dst_port=4790,
            purge=True,
            verify_kernel=False,
        )
    assert result["failed"]
    assert result["rolled_back"] is True, result
    assert ovs.settings() == before
    assert _bridge(ovs)["flood_vlans"] == 5
    assert [row["target"] for row in ovs.rows("Controller").values()] == ["ptcp:6699:127.0.0.1"]
    (mirror,) = ovs.rows("Mirror").values()
    assert mirror["select_all"] is True
    (name,) = ovs.ports("br0")
    eventually(lambda: ovs.interface(name)["ofport"] not in (["set", []], -1), "it works again")


def test_userspace_datapath_is_checked_by_its_own_means(ovs: Ovs) -> None:
    ovs.sh("modprobe tun")
    bridge = {"name": "br0", "datapath_type": "netdev"}
    tunnel = {"name": "vx", "bridge": "br0", "remote_ip": "198.18.0.12", "dst_port": 4795}
    result = ovs.apply(bridges=[bridge], **tunnel)
    assert "device" not in result["tunnels"][0]
    assert "vxlan_sys_4795" in ovs.appctl("tnl/ports/show")
    assert ovs.target.link("vxlan_sys_4795") is None
    assert ovs.apply(bridges=[bridge], **tunnel)["actions"] == []
    moved = {**bridge, "datapath_type": "system"}
    result = ovs.apply(bridges=[moved], **tunnel)
    assert result["actions"][0]["changes"] == {
        "datapath_type": {"before": "netdev", "after": "system"}
    }
    assert ovs.target.vxlan("vxlan_sys_4795")["external"] is True


def test_a_bridge_that_vswitchd_cannot_make_is_rolled_back(ovs: Ovs) -> None:
    before = ovs.settings()
    ovs.sh("modprobe -r tun")
    result = ovs(bridges=[{"name": "br0", "datapath_type": "netdev"}], tunnels=[])
    assert "could not make bridge br0 (datapath_type netdev)" in result["msg"]
    assert "modprobe tun" in result["remedy"]
    assert result["rolled_back"] is True
    assert ovs.settings() == before


def test_a_device_of_that_name_is_not_taken_for_the_local_port(ovs: Ovs) -> None:
    """ovs-vswitchd refuses such a port, and the device is somebody else's."""
    ovs.sh("ip link add br0 type dummy")
    before = ovs.sh("ip -d -o address show dev br0")
    wanted = [{"name": "br0", "address": ["192.0.2.1/24"]}]
    for adopt in (False, True):
        bridges = [{**one, "adopt": adopt} for one in wanted]
        assert "br0 is a device of kind dummy" in ovs.fails(bridges=bridges, tunnels=[])
        assert ovs.sh("ip -d -o address show dev br0") == before
        # With the bridge in the database, and refused, it is no better.
        ovs.vsctl("--no-wait --may-exist add-br br0")


def test_a_bridge_that_comes_back_has_its_devices_as_they_were(ovs: Ovs) -> None:
    """Its local port and its access ports with addresses, which only the kernel knows."""
    ovs.apply(bridges=[WHOLE], tunnels=[])
    port: dict[str, Any] = {"name": "if-blue", "bridge": "br0", "tag": 11, "mtu": 1300}
    ovs.target.run("ovs_access_port", **port, address=["192.0.2.129/25"])
    before, shown = ovs.settings(), ovs.sh(SHOWN)
    assert "192.0.2.129/25" in shown
    ovs.sh("modprobe -r tun")
    other = [{"name": "br1", "datapath_type": "netdev"}]
    result = ovs(bridges=other, tunnels=[], purge=True)
    assert "could not make bridge br1" in result["msg"]
    assert result["rolled_back"] is True, result
    assert ovs.settings() == before
    assert ovs.sh(SHOWN) == shown
