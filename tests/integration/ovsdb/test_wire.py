"""Options that show on the wire: what an independent capture of the underlay says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ovsdb.conftest import BRIDGE, PEER_OVERLAY, PEER_UNDERLAY
from tests.integration.ovsdb.packets import bfd
from tests.integration.ovsdb.witness import Ovs

PEER_V6, OWN_V6, MARKED = "fd00:198:18::12", "fd00:198:18::11", "198.18.0.211"
# An ARP entry by hand: the first packet then is the ICMP request, with its own TOS.
PING = (
    f"ip neigh replace {PEER_OVERLAY} lladdr 02:00:00:00:00:99 dev br0 && "
    f"ping -c 1 -W 1 -t 33 -Q 0x20 {PEER_OVERLAY}"
)
# Or the host's own multicast listener reports could be the first packet, with TTL 1.
QUIET = "sysctl -qw net.ipv6.conf.br0.disable_ipv6=1"
# name, options, what the capture shows; each on a UDP port of its own.
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("defaults", {}, {"vni": 0, "ttl": 64, "tos": 0, "dont_fragment": True, "checksum": 0}),
    ("key", {"key": "7654321"}, {"vni": 7654321, "flags": 0x08, "dst": PEER_UNDERLAY}),
    ("out_key", {"in_key": "1", "out_key": "16777215"}, {"vni": 16777215}),
    ("key_flow", {"key": "flow"}, {"vni": 0x123}),
    ("remote_flow", {"remote_ip": "flow", "key": "5"}, {"dst": "198.18.0.13", "vni": 5}),
    ("local_ip", {"local_ip": "198.18.0.11"}, {"src": "198.18.0.11", "dst": PEER_UNDERLAY}),
    (
        "local_flow",
        {"remote_ip": "flow", "local_ip": "flow"},
        {"src": MARKED, "dst": "198.18.0.13"},
    ),
    ("ttl", {"ttl": "9"}, {"ttl": 9}),
    ("ttl_inherit", {"ttl": "inherit"}, {"ttl": 33}),
    ("tos", {"tos": "184"}, {"tos": 184}),
    ("tos_inherit", {"tos": "inherit"}, {"tos": 0x20}),
    ("df_default", {"df_default": False}, {"dont_fragment": False}),
    ("csum_off", {"csum": False}, {"checksum": 0}),
    ("csum_on", {"csum": True}, {"checksum": "set"}),
    # The mark itself is not on the wire; here a rule of the host's routing acts upon it.
    ("no_mark", {"key": "1"}, {"src": "198.18.0.11"}),
    ("mark", {"egress_pkt_mark": 7}, {"src": MARKED}),
    ("gbp", {"extensions": ["gbp"]}, {"flags": 0x88, "policy": 0x77}),
    ("gpe", {"extensions": ["gpe"], "key": "3"}, {"flags": 0x0C, "policy": 3, "vni": 3}),
    ("ptap", {"extensions": ["gpe"], "packet_type": "ptap"}, {"flags": 0x0C, "policy": 3}),
    ("l3", {"extensions": ["gpe"], "packet_type": "legacy_l3"}, {"flags": 0x0C, "policy": 1}),
    ("ipv6", {"remote_ip": PEER_V6, "key": "6", "ttl": "9", "tos": "184"}, {"vni": 6, "ttl": 9}),
    ("ipv6_tos", {"remote_ip": PEER_V6, "tos": "184"}, {"tos": 184, "dst": PEER_V6}),
    (
        "ipv6_local",
        {"remote_ip": PEER_V6, "local_ip": OWN_V6},
        {"src": OWN_V6, "ttl": 64, "checksum": 0},
    ),
    ("ipv6_csum", {"remote_ip": PEER_V6, "csum": True}, {"checksum": "set"}),
    ("ipv6_csum_off", {"remote_ip": PEER_V6, "csum": False}, {"checksum": 0}),
]
FIRST = 20000
PORTS = range(FIRST, FIRST + len(CASES))
# What stays set for all that follows comes after the flood: a tunnel's egress_pkt_mark does, and so
# does the source address. To a port without Ethernet nothing is flooded; after an output to it
# ovs-vswitchd 3.1 crashes at an output to one with, so it comes last.
FLOW = (
    "in_port=LOCAL,actions=set_field:0x123-\\>tun_id,set_field:0x77-\\>tun_gbp_id,"
    "set_field:198.18.0.13-\\>tun_dst,NORMAL,output:{mark},"
    f"set_field:{MARKED}-\\>tun_src,output:{{local}},output:{{l3}}"
)


@pytest.fixture
def underlay(ovs: Ovs) -> Iterator[Ovs]:
    """A host with IPv6 towards its peer, and another source address for what carries mark 7."""
    ovs.sh(
        "modprobe ipv6; sysctl -qw net.ipv6.conf.all.disable_ipv6=0 "
        "net.ipv6.conf.eth1.disable_ipv6=0; "
        f"ip address replace {OWN_V6}/64 dev eth1 nodad; ip address replace {MARKED}/24 dev eth1; "
        f"ip neigh replace {PEER_V6} lladdr 02:00:00:00:00:98 dev eth1; "
        "ip neigh replace 198.18.0.13 lladdr 02:00:00:00:00:97 dev eth1; "
        "ip rule add fwmark 7 table 100; "
        f"ip route replace {PEER_UNDERLAY} dev eth1 src {MARKED} table 100"
    )
    yield ovs
    ovs.sh(
        f"ip rule delete fwmark 7; ip address delete {OWN_V6}/64 dev eth1; "
        f"ip address delete {MARKED}/24 dev eth1; ip neigh delete 198.18.0.13 dev eth1; "
        f"ip neigh delete {PEER_V6} dev eth1",
        check=False,
    )


def test_options_on_the_wire(underlay: Ovs) -> None:
    """One packet goes out through every tunnel."""
    tunnels = [
        {"name": f"vx{port}", "dst_port": port, **options}
        for port, (_name, options, _expected) in zip(PORTS, CASES, strict=True)
    ]
    underlay.apply(bridges=[BRIDGE], bridge="br0", remote_ip=PEER_UNDERLAY, tunnels=tunnels)
    names = [name for name, _options, _expected in CASES]
    rows = underlay.rows("Interface")
    numbers = {
        key: rows[f"vx{PORTS[names.index(name)]}"]["ofport"]
        for key, name in (("mark", "mark"), ("local", "local_flow"), ("l3", "l3"))
    }
    underlay.sh(
        f"{QUIET}; ovs-ofctl mod-port br0 {numbers['mark']} no-flood; "
        f"ovs-ofctl add-flow br0 {FLOW.format(**numbers)}"
    )
    filters = f"portrange {PORTS[0]}-{PORTS[-1]}"
    packets = underlay.capture(filters, PING, count=len(CASES) + 1)
    by_port = {packet.dst_port: packet for packet in packets}
    assert sorted(by_port) == list(PORTS)
    wrong = {}
    for port, (name, _options, expected) in zip(PORTS, CASES, strict=True):
        packet = by_port[port]
        seen = {field: getattr(packet, field) for field in expected}
        if expected.get("checksum") == "set" and packet.checksum:
            seen["checksum"] = "set"
        if seen != expected:
            wrong[name] = seen
    assert wrong == {}
    first = {name: by_port[PORTS[names.index(name)]].inner[0] for name in ("l3", "ptap")}
    assert first == {"l3": 0x45, "ptap": 0x02}, "an IPv4 packet, and a frame"


@pytest.mark.parametrize("start", [[], ["gbp"]])
def test_gbp_bit_and_policy_on_the_wire(ovs: Ovs, start: list[str]) -> None:
    """A tunnel that starts plain must end with a gbp device: ovs-vswitchd keeps the plain one."""
    base = {"bridges": [BRIDGE], "name": "vx", "bridge": "br0", "remote_ip": PEER_UNDERLAY}
    ovs.apply(**base, extensions=start)
    ovs.apply(**base, extensions=["gbp"])
    assert ovs.target.vxlan("vxlan_sys_4789")["gbp"] is True
    number = ovs.interface("vx")["ofport"]
    flow = f"in_port=LOCAL,actions=set_field:0x77-\\>tun_gbp_id,output:{number}"
    ovs.sh(f"{QUIET}; ovs-ofctl add-flow br0 {flow}")
    (packet,) = ovs.capture("port 4789", PING)
    assert (packet.flags, packet.policy) == (0x88, 0x77)


# options -> the VLAN that a frame of VLAN 42 has on the wire; "none": it does not go out there.
VLANS: list[tuple[dict[str, Any], Any]] = [
    ({}, 42),
    ({"tag": 42}, None),
    ({"tag": 43}, "none"),
    ({"trunks": [41, 42]}, 42),
    ({"trunks": [43]}, "none"),
    ({"tag": 42, "vlan_mode": "access"}, None),
    ({"trunks": [42], "vlan_mode": "trunk"}, 42),
    ({"tag": 42, "vlan_mode": "native-untagged"}, None),
    ({"tag": 42, "vlan_mode": "native-tagged"}, 42),
    ({"tag": 1, "trunks": [43], "vlan_mode": "native-tagged"}, "none"),
]
TAGGED = "ffffffffffff02000000002a8100002a88b5" + "00" * 46
PLAIN = "ffffffffffff02000000002b88b5" + "00" * 46


def _through(ovs: Ovs, frame: str, in_port: Any, ports: int, count: int) -> dict[int, int | None]:
    """Number of the tunnel -> VLAN of what a frame becomes there.

    :param ports: how many tunnels there are, besides the last one: it takes the frame that ends it.
    :param count: how many are expected; one more would show in place of the last frame.
    """
    last = FIRST + ports
    number = ovs.interface(f"vx{last}")["ofport"]
    out = [
        f"ovs-ofctl packet-out br0 in_port={in_port},packet={frame},actions=NORMAL",
        f"ovs-ofctl packet-out br0 in_port=LOCAL,packet={PLAIN},actions=output:{number}",
    ]
    packets = ovs.capture(f"portrange {FIRST}-{last}", "; ".join(out), count=count + 1)
    found = {packet.dst_port - FIRST: packet.vlan for packet in packets}
    assert found.pop(ports, "none") != "none", "the frame that ends it was the last"
    return found


def test_vlans_on_the_wire(ovs: Ovs) -> None:
    last = {"name": f"vx{FIRST + len(VLANS)}", "dst_port": FIRST + len(VLANS), "tag": 4000}
    tunnels = [
        {"name": f"vx{FIRST + index}", "dst_port": FIRST + index, **options}
        for index, (options, _expected) in enumerate(VLANS)
    ]
    base = {"bridges": [BRIDGE], "bridge": "br0", "remote_ip": PEER_UNDERLAY}
    ovs.apply(**base, tunnels=[*tunnels, last])
    ovs.sh(QUIET)
    expected = {index: vlan for index, (_options, vlan) in enumerate(VLANS) if vlan != "none"}
    assert _through(ovs, TAGGED, "LOCAL", len(VLANS), len(expected)) == expected


def test_protected_ports_on_the_wire(ovs: Ovs) -> None:
    """What comes in by a tunnel of a mesh goes to the host, and to no other tunnel of it."""
    kinds = [True, True, False, False]
    tunnels: list[dict[str, Any]] = [
        {"name": f"vx{FIRST + index}", "dst_port": FIRST + index, "protected": protected}
        for index, protected in enumerate(kinds)
    ]
    tunnels.append({"name": f"vx{FIRST + 4}", "dst_port": FIRST + 4, "tag": 4000})
    base = {"bridges": [BRIDGE], "bridge": "br0", "remote_ip": PEER_UNDERLAY}
    ovs.apply(**base, tunnels=tunnels)
    ovs.sh(QUIET)
    numbers = [ovs.interface(one["name"])["ofport"] for one in tunnels]
    assert sorted(_through(ovs, PLAIN, numbers[0], 4, 2)) == [2, 3]
    assert sorted(_through(ovs, PLAIN, numbers[2], 4, 3)) == [0, 1, 3]


BFD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"bfd": {"enable": True}},
        {"dst_mac": "00:23:20:00:00:01", "mult": 3, "min_rx": 1000, "diagnosis": 0},
    ),
    (
        {
            "bfd": {
                "enable": True,
                "min_rx": 500,
                "mult": 5,
                "cpath_down": True,
                "bfd_local_src_mac": "02:00:00:00:00:0a",
                "bfd_local_dst_mac": "02:00:00:00:00:0b",
                "bfd_src_ip": "169.254.9.2",
                "bfd_dst_ip": "169.254.9.1",
            }
        },
        {
            "src_mac": "02:00:00:00:00:0a",
            "dst_mac": "02:00:00:00:00:0b",
            "src": "169.254.9.2",
            "dst": "169.254.9.1",
            "mult": 5,
            "min_rx": 500,
            "diagnosis": 6,
        },
    ),
]


def test_bfd_on_the_wire(ovs: Ovs) -> None:
    """Control packets of sessions whose peer is silent."""
    tunnels = [
        {"name": f"vx{FIRST + index}", "dst_port": FIRST + index, **options}
        for index, (options, _expected) in enumerate(BFD)
    ]
    ovs.apply(bridges=[BRIDGE], bridge="br0", remote_ip=PEER_UNDERLAY, key="9", tunnels=tunnels)
    ovs.sh(QUIET)
    for index, (_options, expected) in enumerate(BFD):
        (packet,) = ovs.capture(f"port {FIRST + index}", "true")
        control = bfd(packet)
        assert packet.vni == 9
        assert {name: getattr(control, name) for name in expected} == expected
        assert control.state == 1, "down"
