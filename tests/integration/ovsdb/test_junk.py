"""What ovs-vswitchd would swallow without a word is refused, and nothing is touched."""

from __future__ import annotations

from typing import Any

from tests.integration.ovsdb.witness import Ovs

BASE: dict[str, Any] = {
    "bridges": [{"name": "br0"}],
    "name": "vx",
    "bridge": "br0",
    "remote_ip": "198.18.0.12",
}
# What ovs-vswitchd 3.1 accepts with a valid ofport and no error, and ignores or truncates.
# The rest of what is refused is in the unit tests; none of it gets as far as a socket.
SWALLOWED: list[dict[str, Any]] = [
    {"local_ip": "notanip"},
    {"dst_port": "abc"},
    {"dst_port": 70000},
    {"key": "banana"},
    {"key": "99999999"},
    {"ttl": "xyz"},
    {"csum": "maybe"},
    {"df_default": "perhaps"},
    {"tos": "3"},
    {"vni": 7},
    {"egress_pkt_mark": "red"},
    {"extensions": ["gpb"]},
    {"packet_type": "ptap"},
    {"local_ip": "fd00::1"},
    {"psk": "a", "remote_name": "b"},
    {"ofport_request": 65280},
    {"trunks": [4095]},
    {"tag": 1, "trunks": [2]},
    {"bfd": {"mult": 256}},
    {"bfd": {"interval": 5}},
]
# Refused by ovs-vswitchd in its own way: without a text, late, or with a truncated name.
REFUSED: list[dict[str, Any]] = [
    {"name": "vxlan_sys_4789"},
    {"name": "vxlan_sys_mine"},
    {"name": "a-name-of-16-let"},
    {"name": "vx%d"},
    {"remote_ip": "239.1.1.1"},
    {"remote_ip": "host.example.org"},
    {"remote_ip": "ff02::1"},
    {"remote_ip": None},
]


def test_junk_is_refused_and_touches_nothing(ovs: Ovs) -> None:
    """Types and names are refused by the argument spec, values by the module."""
    ovs.apply(**{**BASE, "name": "before"}, key="1")
    before, number = ovs.configuration(), ovs.next_cfg()
    links = ovs.sh("ip -br link")
    accepted = []
    cases = SWALLOWED + REFUSED
    for start in range(0, len(cases), 8):
        chunk = cases[start : start + 8]
        calls = [
            {
                "module": "ovs_vxlan_tunnel",
                "args": {
                    name: value for name, value in {**BASE, **one}.items() if value is not None
                },
            }
            for one in chunk
        ]
        results = ovs.target.run.at_once(*calls)
        accepted += [
            one
            for one, result in zip(chunk, results, strict=True)
            if not result.get("failed") or not result["msg"]
        ]
        wrote = [result["ovsdb"] for result in results if result["ovsdb"]]
        assert wrote == [], "the database was not even read"
    assert accepted == []
    assert (ovs.configuration(), ovs.next_cfg()) == (before, number)
    assert ovs.sh("ip -br link") == links
