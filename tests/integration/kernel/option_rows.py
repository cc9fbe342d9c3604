"""The options of a port: two values each, and what becomes of the device between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

IN_PLACE = ["change"]
RECREATED = ["detach", "delete", "create", "link"]
LINKED_AGAIN = ["detach", "link"]
MAC, OTHER_MAC = "02:00:00:00:00:aa", "02:00:00:00:00:bb"
# Words of the table, and what they mean in a family.
HERE, THERE, THIRD, LOCAL, LARGEST = "HERE", "THERE", "THIRD", "LOCAL", "LARGEST"
MEANING: dict[str, dict[str, Any]] = {
    "4": {
        HERE: "198.18.0.11",
        THERE: "198.18.0.12",
        THIRD: "198.18.0.13",
        LOCAL: "local",
        LARGEST: 1450,
    },
    "6": {
        HERE: "fd00:198:18::11",
        THERE: "fd00:198:18::12",
        THIRD: "fd00:198:18::13",
        LOCAL: "local6",
        LARGEST: 1430,
    },
}
KNOWN = {"local_ip": HERE}  # tells the family where nothing else does


@dataclass(frozen=True)
class Row:
    """An option with two values, what `ip -d -j` shows for each, and how one becomes the other.

    common: further options of both, such as a UDP port where flags must not meet others.
    """

    option: str
    values: tuple[Any, Any]
    shown: tuple[Any, Any]
    how: list[str]
    key: str
    common: dict[str, Any] = field(default_factory=dict)
    forced_by: str = ""

    def options(self, which: int) -> dict[str, Any]:
        """The declaration with the first or second value; None: not declared."""
        value = self.values[which]
        return {**self.common, **({} if value is None else {self.option: value})}


# iproute2 shows TTL_INHERIT as no ttl, and an inherited TOS as 1.
TABLE = (
    Row("vni", (5001, 16777215), (5001, 16777215), RECREATED, "id", KNOWN, "vni"),
    Row("vni", (5002, None), (5002, 0), RECREATED, "id", {**KNOWN, "dst_port": 5002}, "vni"),
    Row("dst_port", (None, 5003), (4789, 5003), RECREATED, "port", KNOWN, "dst_port"),
    Row("local_ip", (HERE, THERE), (HERE, THERE), IN_PLACE, LOCAL),
    Row("local_ip", (None, HERE), (None, HERE), IN_PLACE, LOCAL, {"remotes": [THERE]}),
    Row("dev", (None, "eth1"), (None, "eth1"), RECREATED, "link", KNOWN, "dev"),
    Row("mtu", (None, "1400"), (LARGEST, 1400), IN_PLACE, "mtu", KNOWN),
    Row("mtu", ("9000", "68"), (9000, 68), IN_PLACE, "mtu", KNOWN),
    Row(
        "mtu",
        ("auto", "1280"),
        (LARGEST, 1280),
        IN_PLACE,
        "mtu",
        {**KNOWN, "dev": "eth1"},
    ),
    Row("ttl", (None, "9"), (64, 9), IN_PLACE, "ttl", KNOWN),
    Row("ttl", ("255", "0"), (255, 0), IN_PLACE, "ttl", KNOWN),
    Row("ttl", ("64", "inherit"), (64, None), RECREATED, "ttl", KNOWN, "ttl_inherit"),
    Row("tos", (None, "184"), (None, "0xb8"), IN_PLACE, "tos", KNOWN),
    Row("tos", ("184", "inherit"), ("0xb8", "0x1"), IN_PLACE, "tos", KNOWN),
    Row("df", (None, "unset"), ("set", "unset"), IN_PLACE, "df", KNOWN),
    Row("df", ("inherit", "set"), ("inherit", "set"), IN_PLACE, "df", KNOWN),
    Row("learning", (None, False), (True, False), IN_PLACE, "learning", KNOWN),
    Row("ageing", (None, 60), (300, 60), IN_PLACE, "ageing", KNOWN),
    Row("ageing", (4294967295, 1), (4294967295, 1), IN_PLACE, "ageing", KNOWN),
    Row(
        "extensions",
        (None, ["gbp"]),
        (None, True),
        RECREATED,
        "gbp",
        {**KNOWN, "dst_port": 5020},
        "gbp",
    ),
    Row(
        "extensions",
        (["gpe"], None),
        (True, None),
        RECREATED,
        "gpe",
        {**KNOWN, "dst_port": 5021, "vni": None},
        "gpe",
    ),
    Row("udp_csum", (None, False), (True, False), RECREATED, "udp_csum", KNOWN, "udp_csum"),
    Row(
        "udp_zero_csum6_tx",
        (None, True),
        (False, True),
        RECREATED,
        "udp_zero_csum6_tx",
        KNOWN,
        "udp_zero_csum6_tx",
    ),
    Row(
        "udp_zero_csum6_rx",
        (None, True),
        (False, True),
        RECREATED,
        "udp_zero_csum6_rx",
        {**KNOWN, "dst_port": 5024},
        "udp_zero_csum6_rx",
    ),
    Row(
        "src_port_range",
        (None, [40000, 50000]),
        ({"low": 0, "high": 0}, {"low": 40000, "high": 50000}),
        RECREATED,
        "port_range",
        KNOWN,
        "src_port_range",
    ),
    Row("mac_address", (MAC, OTHER_MAC), (MAC, OTHER_MAC), IN_PLACE, "address", KNOWN),
    Row("remotes", ([THERE], [THIRD, THERE]), ({THERE}, {THERE, THIRD}), IN_PLACE, "flood"),
    Row("remotes", ([THERE], []), ({THERE}, None), IN_PLACE, "flood", KNOWN),
    Row("remotes", ([THERE], [THIRD]), ({THERE}, {THIRD}), IN_PLACE, "flood"),
    Row("port_no", (901, 902), (901, 902), LINKED_AGAIN, "port_no", KNOWN),
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
)


def rows(family: str) -> dict[str, Row]:
    """The table in the words of a family, by name of the port."""
    words = MEANING[family]
    return {
        f"o{number}{row.option[:10]}": replace(
            row,
            values=in_words(row.values, words),
            shown=in_words(row.shown, words),
            key=in_words(row.key, words),
            common=in_words(row.common, words),
        )
        for number, row in enumerate(TABLE)
    }


def in_words(value: Any, words: dict[str, Any]) -> Any:
    """A value with the words of the table replaced, however deep they are."""
    if isinstance(value, dict):
        return {key: in_words(inner, words) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(in_words(inner, words) for inner in value)
    return words.get(value, value) if isinstance(value, str) else value
