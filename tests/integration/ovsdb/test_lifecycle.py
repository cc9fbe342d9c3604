"""Create, change, move, rename, swap and purge: foreseen, carried out, idempotent."""

from __future__ import annotations

from typing import Any

from tests.integration.ovsdb.conftest import BRIDGE, Peer
from tests.integration.ovsdb.packets import bfd
from tests.integration.ovsdb.witness import Ovs, eventually

BASE: dict[str, Any] = {"bridges": [{"name": "br0"}], "bridge": "br0", "key": "7"}


def _actions(result: dict[str, Any]) -> list[tuple[str, str]]:
    kinds = ("port", "bridge", "device")
    return [
        (entry["action"], next(entry[kind] for kind in kinds if kind in entry))
        for entry in result["actions"]
    ]


def _as_foreseen(ovs: Ovs, **wanted: Any) -> list[tuple[str, str]]:
    """Check mode changes nothing and says what the run does; the second run does nothing."""
    before = ovs.configuration()
    foreseen = ovs.foresees(**wanted)
    assert ovs.configuration() == before
    result = ovs.apply(**wanted)
    assert result["actions"] == foreseen["actions"]
    assert result["diff"] == foreseen["diff"]
    assert result["changed"] is bool(result["actions"])
    again = ovs.apply(**wanted)
    assert (again["changed"], again["actions"]) == (False, [])
    assert again["diff"] == {"before": "", "after": ""}
    assert again["tunnels"] == result["tunnels"]
    return _actions(result)


def test_a_compact_mesh_from_nothing_to_nothing(ovs: Ovs) -> None:
    remotes = ["198.18.0.12", "198.18.0.13"]
    base = {**BASE, "name_prefix": "mesh", "protected": True, "purge": True}
    done = _as_foreseen(ovs, **base, remotes=remotes)
    assert [action for action, _name in done] == ["create", "create", "create"]
    names = [name for _action, name in done[1:]]
    assert all(name.startswith("mesh") for name in names)
    assert ovs.ports("br0") == sorted(names)
    tables = ovs.tables("Interface", "Port")
    assert {dict(tables["Interface"][name]["options"][1])["remote_ip"] for name in names} == set(
        remotes
    )
    assert all(tables["Port"][name]["protected"] is True for name in names)
    gone = _as_foreseen(ovs, **base, remotes=remotes[1:])
    assert gone == [("delete", names[0])]
    assert _as_foreseen(ovs, bridges=[], tunnels=[], purge=True) == [
        ("delete", names[1]),
        ("delete", "br0"),
    ]
    assert ovs.bridges() == []
    eventually(lambda: ovs.target.link("vxlan_sys_4789") is None, "the device is gone")


def test_a_tunnel_is_renamed_with_the_same_remote_and_key(ovs: Ovs) -> None:
    """ovs-vswitchd refuses the new name at first, while the old one is still going."""
    ovs.apply(**BASE, name="old", remote_ip="198.18.0.12", purge=True)
    done = _as_foreseen(ovs, **BASE, name="new", remote_ip="198.18.0.12", purge=True)
    assert done == [("delete", "old"), ("create", "new")]
    assert ovs.interface("new")["ofport"] > 0


def test_two_tunnels_swap_their_remotes(ovs: Ovs) -> None:
    def wanted(first: str, second: str) -> dict[str, Any]:
        tunnels = [{"name": "a", "remote_ip": first}, {"name": "b", "remote_ip": second}]
        return {**BASE, "tunnels": tunnels}

    ovs.apply(**wanted("198.18.0.12", "198.18.0.13"))
    numbers = [ovs.interface(name)["ofport"] for name in "ab"]
    assert _as_foreseen(ovs, **wanted("198.18.0.13", "198.18.0.12")) == [
        ("change", "a"),
        ("change", "b"),
    ]
    assert [ovs.interface(name)["ofport"] for name in "ab"] == numbers
    shown = ovs.appctl("ofproto/list-tunnels")
    assert "a (vxlan: ::->198.18.0.13" in shown
    assert "b (vxlan: ::->198.18.0.12" in shown


def test_a_tunnel_moves_to_another_bridge_with_its_row(ovs: Ovs) -> None:
    bridges = [{"name": "br0"}, {"name": "br1"}]
    tunnel = {"name": "vx", "remote_ip": "198.18.0.12", "tag": 5, "bridges": bridges}
    ovs.apply(**tunnel, bridge="br0")
    ovs.vsctl("set port vx other_config:theirs=1")
    row = ovs.port("vx")["_uuid"]
    assert _as_foreseen(ovs, **tunnel, bridge="br1") == [("move", "vx")]
    assert (ovs.ports("br0"), ovs.ports("br1")) == ([], ["vx"])
    assert ovs.port("vx")["_uuid"] == row
    assert "theirs" in str(ovs.port("vx")["other_config"])


def test_all_tunnels_of_a_port_change_their_extensions(ovs: Ovs) -> None:
    """In one transaction ovs-vswitchd refuses each for the sake of the others."""
    remotes = [f"198.18.1.{number}" for number in range(1, 21)]
    ovs.apply(**BASE, remotes=remotes)
    done = ovs.apply(**BASE, remotes=remotes, extensions=["gbp"])
    assert {entry["action"] for entry in done["actions"]} == {"change", "recreate"}
    assert ovs.target.vxlan("vxlan_sys_4789")["gbp"] is True
    assert all(one["ofport"] > 0 for one in done["tunnels"])
    assert ovs.apply(**BASE, remotes=remotes, extensions=["gbp"])["actions"] == []


def test_unicast_flows_while_another_tunnel_changes(alive: Ovs, peer: Peer) -> None:
    """Changing one tunnel does not cost its neighbour a packet."""
    alive.sh(f"nohup ping -i 0.02 -c 150 {peer.overlay} >/tmp/ping.log 2>&1 &")
    for ttl in ("9", "10", "11"):
        alive.apply(
            bridges=[BRIDGE],
            bridge="br0",
            tunnels=[
                {"name": "vxa", "remote_ip": peer.underlay, "key": "100"},
                {"name": "vxb", "remote_ip": "198.18.0.13", "key": "5", "ttl": ttl},
            ],
        )
    log = eventually(
        lambda: alive.sh("grep 'packet loss' /tmp/ping.log || true"), "the ping has ended"
    )
    assert " 0% packet loss" in log


def test_bfd_comes_up_between_two_hosts(alive: Ovs, peer: Peer) -> None:
    peer.sh("ovs-vsctl --timeout=20 set interface back bfd:enable=true bfd:min_rx=300")
    alive.apply(
        name="vxa",
        bridge="br0",
        remote_ip=peer.underlay,
        key="100",
        bfd={"enable": True, "min_rx": 300, "min_tx": 300},
    )
    eventually(lambda: "State: up" in alive.appctl("bfd/show vxa"), "BFD is up")
    # IPv4 inside: hosts also greet each other with IPv6 multicast.
    control = bfd(alive.capture("port 4789 and udp[28:2] = 0x0800", "true")[0])
    assert (control.state, control.min_tx, control.min_rx) == (3, 300, 300)
