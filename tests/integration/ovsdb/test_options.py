"""Every option of a tunnel, read back by Open vSwitch's own tools."""

from __future__ import annotations

from typing import Any

from tests.integration.ovsdb.witness import Ovs

# option, value, column of Interface or Port, what ovs-vsctl shows
OPTIONS: list[tuple[dict[str, Any], str, Any]] = [
    ({"remote_ip": "198.18.0.99"}, "options:remote_ip", "198.18.0.99"),
    ({"remote_ip": "fd00:198:18::12"}, "options:remote_ip", "fd00:198:18::12"),
    ({"remote_ip": "FD00:198:18:0::12"}, "options:remote_ip", "fd00:198:18::12"),
    ({"remote_ip": "flow"}, "options:remote_ip", "flow"),
    ({"local_ip": "198.18.0.11"}, "options:local_ip", "198.18.0.11"),
    ({"remote_ip": "flow", "local_ip": "flow"}, "options:local_ip", "flow"),
    ({"key": "16777215"}, "options:key", "16777215"),
    ({"key": "0x10"}, "options:key", "16"),
    ({"key": "flow"}, "options:key", "flow"),
    ({"in_key": "7"}, "options:in_key", "7"),
    ({"in_key": "7", "out_key": "8"}, "options:out_key", "8"),
    ({"dst_port": 4790}, "options:dst_port", "4790"),
    ({"ttl": "9"}, "options:ttl", "9"),
    ({"ttl": "inherit"}, "options:ttl", "inherit"),
    ({"tos": "184"}, "options:tos", "184"),
    ({"tos": "inherit"}, "options:tos", "inherit"),
    ({"df_default": False}, "options:df_default", "false"),
    ({"csum": True}, "options:csum", "true"),
    ({"extensions": ["gbp"]}, "options:exts", "gbp"),
    ({"extensions": ["gpe"]}, "options:exts", "gpe"),
    ({"extensions": ["gpe"], "packet_type": "legacy_l3"}, "options:packet_type", "legacy_l3"),
    ({"extensions": ["gpe"], "packet_type": "ptap"}, "options:packet_type", "ptap"),
    ({"egress_pkt_mark": 4294967295}, "options:egress_pkt_mark", "4294967295"),
    ({"psk": "swordfish-7"}, "options:psk", "swordfish-7"),
    ({"remote_cert": "/etc/keys/peer.pem"}, "options:remote_cert", "/etc/keys/peer.pem"),
    ({"remote_name": "peer.example.org"}, "options:remote_name", "peer.example.org"),
    ({"ofport_request": 77}, "ofport_request", 77),
    ({"ofport_request": 78}, "ofport", 78),
    ({"mac": "02:00:00:00:00:AB"}, "mac", "02:00:00:00:00:ab"),
    ({"external_ids": {"role": "uplink"}}, "external_ids:role", "uplink"),
    ({"bfd": {"enable": True, "min_rx": 500}}, "bfd:min_rx", "500"),
    ({"bfd": {"enable": False}}, "bfd:enable", "false"),
    ({"bfd": {"mult": 5, "bfd_dst_ip": "169.254.1.1"}}, "bfd:bfd_dst_ip", "169.254.1.1"),
    ({"tag": 42}, "port:tag", 42),
    ({"trunks": [5, 3]}, "port:trunks", ["set", [3, 5]]),
    ({"tag": 1, "trunks": [2], "vlan_mode": "native-tagged"}, "port:vlan_mode", "native-tagged"),
    ({"protected": True}, "port:protected", True),
]
EMPTY: list[object] = ["set", []]


def _declared() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One tunnel per option: without it, and with it; one UDP port each."""
    plain = [
        {"name": f"vx{index}", "remote_ip": "198.18.0.12", "dst_port": 20000 + index}
        for index in range(len(OPTIONS))
    ]
    return plain, [{**one, **OPTIONS[index][0]} for index, one in enumerate(plain)]


def _shown(ovs: Ovs, path: str) -> dict[str, Any]:
    """What ovs-vsctl shows at ``column:key`` of every tunnel, by name."""
    column, _colon, key = path.partition(":")
    table, column, key = ("Port", key, "") if column == "port" else ("Interface", column, key)
    found = {}
    for name, row in ovs.rows(table).items():
        found[name] = dict(row[column][1]).get(key) if key else row[column]
    return found


def test_every_option_is_foreseen_set_kept_and_removed(ovs: Ovs) -> None:
    base: dict[str, Any] = {"bridge": "br0", "bridges": [{"name": "br0"}]}
    plain, wanted = _declared()
    ovs.apply(tunnels=plain, **base)
    foreseen = ovs.foresees(tunnels=wanted, **base)
    result = ovs.apply(tunnels=wanted, **base)
    assert foreseen["actions"] == result["actions"]
    assert foreseen["diff"] == result["diff"]
    changed = [entry["port"] for entry in result["actions"] if entry["action"] == "change"]
    assert changed == [one["name"] for one in wanted]
    assert "swordfish-7" not in str(result)
    wrong = {}
    for index, (options, path, expected) in enumerate(OPTIONS):
        shown = _shown(ovs, path)[f"vx{index}"]
        if shown != expected:
            wrong[f"{options}"] = shown
    assert wrong == {}
    assert ovs.apply(tunnels=wanted, **base)["actions"] == []
    ovs.apply(tunnels=plain, **base)
    interfaces, ports = ovs.rows("Interface"), ovs.rows("Port")
    for one in plain:
        row, port = interfaces[one["name"]], ports[one["name"]]
        options = {"remote_ip": "198.18.0.12", "dst_port": str(one["dst_port"])}
        assert dict(row["options"][1]) == options, one
        assert dict(row["external_ids"][1]) == {"tunnelmesh-owner": "default"}, one
        assert (row["bfd"], row["mac"], row["ofport_request"]) == (["map", []], EMPTY, EMPTY), one
        assert (port["tag"], port["trunks"], port["vlan_mode"]) == (EMPTY, EMPTY, EMPTY), one
        assert port["protected"] is False, one


def test_appctl_sees_the_tunnels_as_declared(ovs: Ovs) -> None:
    ovs.apply(
        bridges=[{"name": "br0"}],
        bridge="br0",
        tunnels=[
            {"name": "vx1", "remote_ip": "198.18.0.12", "key": "5", "ttl": "9", "tos": "8"},
            {"name": "vx2", "remote_ip": "198.18.0.13", "dst_port": 4790, "df_default": False},
        ],
    )
    shown = ovs.appctl("ofproto/list-tunnels")
    first = next(line for line in shown.splitlines() if " vx1 " in line)
    assert "->198.18.0.12, key=0x5" in first
    assert "ttl=9" in first
    assert "tos=0x8" in first
    second = next(line for line in shown.splitlines() if " vx2 " in line)
    assert "df=false" in second
    assert "dst_port=4790" in ovs.appctl("dpctl/show")


def test_psk_is_hidden_in_every_part_of_the_result(ovs: Ovs) -> None:
    base = {"bridges": [{"name": "br0"}], "name": "vx", "bridge": "br0", "remote_ip": "198.18.0.12"}
    ovs.apply(psk="swordfish-7", **base)
    result = ovs.apply(psk="marlinfish-8", **base)
    assert result["changed"]
    assert "psk" in result["actions"][0]["changes"]
    assert result["diff"]["before"] != result["diff"]["after"]
    assert "fish" not in str(result)
    assert ovs.interface("vx")["options"]["psk"] == "marlinfish-8"
