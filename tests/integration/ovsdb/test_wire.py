"""Options that show on the wire: what an independent capture of the underlay says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ovsdb.conftest import BRIDGE, PEER_OVERLAY, PEER_UNDERLAY
from tests.integration.ovsdb.witness import Ovs

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
    ("local_ip", {"local_ip": "198.18.0.11"}, {"src": "198.18.0.11", "dst": PEER_UNDERLAY}),
    ("ttl", {"ttl": "9"}, {"ttl": 9}),
    ("ttl_inherit", {"ttl": "inherit"}, {"ttl": 33}),
    ("tos", {"tos": "184"}, {"tos": 184}),
    ("tos_inherit", {"tos": "inherit"}, {"tos": 0x20}),
    ("df_default", {"df_default": False}, {"dont_fragment": False}),
    ("csum_off", {"csum": False}, {"checksum": 0}),
    ("csum_on", {"csum": True}, {"checksum": "set"}),
]
PORTS = range(20000, 20000 + len(CASES))


def test_options_on_the_wire(ovs: Ovs) -> None:
    """One packet to an unknown address goes out through every tunnel."""
    tunnels = [
        {"name": f"vx{port}", "dst_port": port, **options}
        for port, (_name, options, _expected) in zip(PORTS, CASES, strict=True)
    ]
    ovs.apply(bridges=[BRIDGE], bridge="br0", remote_ip=PEER_UNDERLAY, tunnels=tunnels)
    ovs.sh(QUIET)
    packets = ovs.capture(f"portrange {PORTS[0]}-{PORTS[-1]}", PING, count=len(CASES))
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


@pytest.mark.parametrize("start", [[], ["gbp"]])
def test_gbp_bit_and_policy_on_the_wire(ovs: Ovs, start: list[str]) -> None:
    """A tunnel that starts plain must end with a gbp device: ovs-vswitchd keeps the plain one."""
    base = {"bridges": [BRIDGE], "name": "vx", "bridge": "br0", "remote_ip": PEER_UNDERLAY}
    ovs.apply(**base, extensions=start)
    ovs.apply(**base, extensions=["gbp"])
    assert ovs.target.vxlan("vxlan_sys_4789")["gbp"] is True
    number = ovs.interface("vx")["ofport"]
    flow = f"in_port=LOCAL,actions=set_field:0x77-\\>tun_gbp_id,output:{number}"
    ovs.sh(f"ovs-ofctl add-flow br0 {flow}")
    ovs.sh(QUIET)
    (packet,) = ovs.capture("port 4789", PING)
    assert (packet.flags, packet.policy) == (0x88, 0x77)
