"""Every option of a port: created, changed, and changed back, on IPv4 and IPv6.

All rows of a family go to the kernel as one set, three times; each row is a test of its own
against what iproute2 and ovs-dpctl saw after each of the three runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.kernel.host import Host, Run

IN_PLACE = ["change"]
RECREATED = ["detach", "delete", "create", "link"]
LINKED_AGAIN = ["detach", "link"]
MAC, OTHER_MAC = "02:00:00:00:00:aa", "02:00:00:00:00:bb"
HEADERS = {"4": 50, "6": 70}


@dataclass(frozen=True)
class Row:
    """An option with two values, what `ip -d -j` shows for each, and how one becomes the other.

    common: further options of both. port: a UDP port of its own, where flags must not meet others.
    """

    option: str
    values: tuple[Any, Any]
    shown: tuple[Any, Any]
    how: list[str]
    key: str = ""
    common: dict[str, Any] = field(default_factory=dict)
    forced_by: str = ""

    def options(self, which: int) -> dict[str, Any]:
        """The declaration with the first or second value; None: not declared."""
        value = self.values[which]
        return {**self.common, **({} if value is None else {self.option: value})}


def rows(family: str) -> dict[str, Row]:
    """The table, by name of the port."""
    here, there, third = {
        "4": ("198.18.0.11", "198.18.0.12", "198.18.0.13"),
        "6": ("fd00:198:18::11", "fd00:198:18::12", "fd00:198:18::13"),
    }[family]
    known = {"local_ip": here}  # tells the family where nothing else does
    local = "local" if family == "4" else "local6"
    headers = HEADERS[family]
    # iproute2 shows TTL_INHERIT as no ttl, and an inherited TOS as 1.
    table = [
        Row("vni", (5001, 16777215), (5001, 16777215), RECREATED, "id", known, "vni"),
        Row("vni", (5002, None), (5002, 0), RECREATED, "id", {**known, "dst_port": 5002}, "vni"),
        Row("dst_port", (None, 5003), (4789, 5003), RECREATED, "port", known, "dst_port"),
        Row("local_ip", (here, there), (here, there), IN_PLACE, local),
        Row("local_ip", (None, here), (None, here), IN_PLACE, local, {"remotes": [there]}),
        Row("dev", (None, "eth1"), (None, "eth1"), RECREATED, "link", known, "dev"),
        Row("mtu", (None, "1400"), (1500 - headers, 1400), IN_PLACE, "mtu", known),
        Row("mtu", ("9000", "68"), (9000, 68), IN_PLACE, "mtu", known),
        Row(
            "mtu",
            ("auto", "1280"),
            (1500 - headers, 1280),
            IN_PLACE,
            "mtu",
            {**known, "dev": "eth1"},
        ),
        Row("ttl", (None, "9"), (64, 9), IN_PLACE, "ttl", known),
        Row("ttl", ("255", "0"), (255, 0), IN_PLACE, "ttl", known),
        Row("ttl", ("64", "inherit"), (64, None), RECREATED, "ttl", known, "ttl_inherit"),
        Row("tos", (None, "184"), (None, "0xb8"), IN_PLACE, "tos", known),
        Row("tos", ("184", "inherit"), ("0xb8", "0x1"), IN_PLACE, "tos", known),
        Row("df", (None, "unset"), ("set", "unset"), IN_PLACE, "df", known),
        Row("df", ("inherit", "set"), ("inherit", "set"), IN_PLACE, "df", known),
        Row("learning", (None, False), (True, False), IN_PLACE, "learning", known),
        Row("ageing", (None, 60), (300, 60), IN_PLACE, "ageing", known),
        Row("ageing", (4294967295, 1), (4294967295, 1), IN_PLACE, "ageing", known),
        Row(
            "extensions",
            (None, ["gbp"]),
            (None, True),
            RECREATED,
            "gbp",
            {**known, "dst_port": 5020},
            "gbp",
        ),
        Row(
            "extensions",
            (["gpe"], None),
            (True, None),
            RECREATED,
            "gpe",
            {**known, "dst_port": 5021, "vni": None},
            "gpe",
        ),
        Row("udp_csum", (None, False), (True, False), RECREATED, "udp_csum", known, "udp_csum"),
        Row(
            "udp_zero_csum6_tx",
            (None, True),
            (False, True),
            RECREATED,
            "udp_zero_csum6_tx",
            known,
            "udp_zero_csum6_tx",
        ),
        Row(
            "udp_zero_csum6_rx",
            (None, True),
            (False, True),
            RECREATED,
            "udp_zero_csum6_rx",
            {**known, "dst_port": 5024},
            "udp_zero_csum6_rx",
        ),
        Row(
            "src_port_range",
            (None, [40000, 50000]),
            ({"low": 0, "high": 0}, {"low": 40000, "high": 50000}),
            RECREATED,
            "port_range",
            known,
            "src_port_range",
        ),
        Row("mac_address", (MAC, OTHER_MAC), (MAC, OTHER_MAC), IN_PLACE, "address", known),
        Row("remotes", ([there], [third, there]), ({there}, {there, third}), IN_PLACE, "flood"),
        Row("remotes", ([there], []), ({there}, None), IN_PLACE, "flood", known),
        Row("remotes", ([there], [third]), ({there}, {third}), IN_PLACE, "flood"),
        Row("port_no", (901, 902), (901, 902), LINKED_AGAIN, "port_no", known),
        Row(
            "vport_type",
            ("netdev", "vxlan"),
            (False, True),
            ["detach", "delete", "create"],
            "legacy",
            {"dst_port": 5031, "vni": None},
            "vport_type",
        ),
        Row(
            "vport_type",
            ("vxlan", "netdev"),
            (True, False),
            ["delete", "create", "link"],
            "legacy",
            {"dst_port": 5032, "vni": None, "extensions": ["gbp"]},
            "vport_type",
        ),
    ]
    return {f"o{number}{row.option[:10]}": row for number, row in enumerate(table)}


def declared(row: Row, name: str, number: int, which: int) -> dict[str, Any]:
    """One row as an entry of `ports`."""
    options = {"name": name, "vni": 100 + number, **row.options(which)}
    if row.option == "vni" and row.values[which] is None:
        del options["vni"]
    return {key: value for key, value in options.items() if value is not None}


@dataclass(frozen=True)
class Story:
    """The three runs of a family: created, changed, changed back."""

    runs: list[Run]


@pytest.fixture(scope="module", params=["4", "6"])
def story(machine: Host, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Carry out the three runs."""
    machine.clean()
    machine.datapath("lab0")
    table = rows(request.param)
    runs = []
    for which in (0, 1, 0):
        ports = [declared(row, name, at, which) for at, (name, row) in enumerate(table.items())]
        runs.append(machine.ports(ports, datapath="lab0"))
    machine.clean()
    return {"family": request.param, "runs": runs}


def shown(run: Run, name: str, key: str) -> Any:
    """What the witness says about an option."""
    if key == "flood":
        found = run.after.flood.get(name)
        return found and {entry.split()[0] for entry in found}
    if key == "port_no":
        return run.after.ports["lab0"][name]
    if key == "legacy":
        return name in run.after.legacy
    if key in ("mtu", "address"):
        return run.after.links[name][key]
    return run.after.vxlan(name).get(key)


@pytest.mark.parametrize("name", rows("4"))
def test_an_option_is_created_changed_and_changed_back(story: dict[str, Any], name: str) -> None:
    row = rows(story["family"])[name]
    created, changed, back = story["runs"]
    for run, which in ((created, 0), (changed, 1), (back, 0)):
        assert run.after.linked(name, "lab0"), "not linked"
        assert run.after.owner(name) == "default"
        assert run.after.links[name]["group"] == "default"
        assert shown(run, name, row.key) == row.shown[which]
    assert created.actions(name)[0] == "create"
    assert changed.actions(name) == row.how
    same_device = created.after.ifindex(name) == changed.after.ifindex(name)
    assert same_device is ("create" not in row.how)
    if row.option != "port_no":
        numbers = {run.after.ports["lab0"][name] for run in story["runs"]}
        assert len(numbers) == 1, "the port number is kept"
    if row.how == IN_PLACE:
        assert list(changed.changes(name)) == [row.key if row.key == "mtu" else _as_shown(row)]
    elif row.forced_by:
        assert all(row.forced_by in entry["why"] for entry in changed.entries(name))


def _as_shown(row: Row) -> str:
    return {"mac_address": "mac"}.get(row.option, row.option)


def test_a_recreated_port_keeps_its_address(story: dict[str, Any]) -> None:
    created, changed, _back = story["runs"]
    kept = [name for name in rows("4") if changed.actions(name)[-2:] == ["create", "link"]]
    assert len(kept) > 5
    for name in kept:
        if rows("4")[name].key == "gpe":  # carries no Ethernet without an inner header
            continue
        assert created.after.links[name]["address"] == changed.after.links[name]["address"]
