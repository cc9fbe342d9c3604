"""Every option of a tunnel, read back by Open vSwitch's own tools."""

from __future__ import annotations

from typing import Any

from tests.integration.ovsdb.hidden import SECRETS, TRACE
from tests.integration.ovsdb.option_cases import TUNNEL as OPTIONS
from tests.integration.ovsdb.witness import Ovs

EMPTY: list[object] = ["set", []]


def _declared() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One tunnel per option: without it, and with it; one UDP port each."""
    plain = [
        {"name": f"vx{index}", "remote_ip": "198.18.0.12", "dst_port": 20000 + index}
        for index in range(len(OPTIONS))
    ]
    return plain, [{**one, **OPTIONS[index][0]} for index, one in enumerate(plain)]


def _shown(tables: dict[str, Any], name: str, path: str) -> Any:
    """What the database has at ``column:key`` of a tunnel."""
    column, _colon, key = path.partition(":")
    table, column, key = ("Port", key, "") if column == "port" else ("Interface", column, key)
    value = tables[table][name][column]
    return dict(value[1]).get(key) if key else value


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
    assert TRACE not in str(result)
    wrong = {}
    tables = ovs.tables("Interface", "Port")
    for index, (options, path, expected) in enumerate(OPTIONS):
        shown = _shown(tables, f"vx{index}", path)
        if shown != expected:
            wrong[f"{options}"] = shown
    assert wrong == {}
    assert ovs.apply(tunnels=wanted, **base)["actions"] == []
    ovs.apply(tunnels=plain, **base)
    tables = ovs.tables("Interface", "Port")
    for one in plain:
        row, port = tables["Interface"][one["name"]], tables["Port"][one["name"]]
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


def test_secrets_are_hidden_in_every_part_of_a_result(ovs: Ovs) -> None:
    """The old ones too, which Ansible does not know."""
    base = {"bridges": [{"name": "br0"}], "bridge": "br0"}
    first, second = (
        {
            "tunnels": [
                {"name": name.replace("_", ""), "remote_ip": f"198.18.0.{12 + index}", name: value}
                for index, (name, value) in enumerate(secrets.items())
            ]
        }
        for secrets in (SECRETS, {name: f"other-{value}" for name, value in SECRETS.items()})
    )
    made = ovs.apply(**base, **first)
    changed = ovs.apply(**base, **second)
    assert [one["action"] for one in changed["actions"]] == ["change"] * len(SECRETS)
    assert [list(one["changes"]) for one in changed["actions"]] == [[name] for name in SECRETS]
    assert changed["diff"]["before"] != changed["diff"]["after"]
    removed = ovs.apply(**base, tunnels=[], purge=True)
    assert len(removed["actions"]) == len(SECRETS)
    assert TRACE not in str((made, changed, removed))
