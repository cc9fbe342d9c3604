# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a VXLAN tunnel, between the module and the column ``options`` of Interface; pure.

ovs-vswitchd takes nearly any text there and drops what it cannot read without a word:
set_tunnel_config(), lib/netdev-vport.c. So every value is checked here.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ..core import validate
from ..core.errors import InputError
from .model import DEFAULT_DST_PORT

_NUMBER = re.compile(r"(?:0|[1-9]\d*|0[xX][0-9A-Fa-f]+)\Z")
# Module option -> key of the column, where they differ.
KEYS = {"extensions": "exts"}
# How the peer of an IPsec tunnel is authenticated: never shown, whoever wrote it.
IPSEC = SECRETS = ("psk", "remote_cert", "remote_name")
OPTIONS = (
    "remote_ip",
    "local_ip",
    "key",
    "in_key",
    "out_key",
    "dst_port",
    "ttl",
    "tos",
    "df_default",
    "csum",
    "extensions",
    "egress_pkt_mark",
    "packet_type",
    *IPSEC,
)


def number(value: Any, low: int, high: int, where: str, what: str, word: str) -> str:
    """A whole number, or ``word``; as text, decimal."""
    text = str(value)
    if text == word:
        return text
    if not _NUMBER.match(text) or not low <= int(text, 0) <= high:
        raise InputError(
            f"{where}: {what} {text!r} is neither {word!r} nor a number from {low} to {high}",
            remedy=f"use {word!r}, or a whole number from {low} to {high}",
        )
    return str(int(text, 0))


def _address(value: str, where: str, what: str) -> str:
    return value if value == "flow" else str(validate.unicast(value, where, what))


def _tos(value: Any, where: str) -> str:
    text = number(value, 0, 252, where, "tos", "inherit")
    if text != "inherit" and int(text) & 3:
        raise InputError(
            f"{where}: tos {text} sets ECN bits, which ovs-vswitchd would drop silently",
            remedy="use a multiple of 4 (the DSCP shifted left by two bits), or 'inherit'",
        )
    return text


def _extensions(value: Any, where: str) -> str:
    chosen = sorted(set(value))
    if chosen == ["gbp", "gpe"]:
        raise InputError(
            f"{where}: extensions gbp and gpe exclude each other",
            remedy="keep one of them: both use the same header bits",
        )
    return ",".join(chosen)


def _text(value: str, where: str, what: str) -> str:
    if not value or value != value.strip() or not value.isprintable():
        raise InputError(
            f"{where}: {what} is empty, or has blanks around it or unprintable characters",
            remedy="give plain text without blanks around it",
        )
    return value


def _one(name: str, value: Any, where: str) -> str:
    """One checked option as the text that goes into the column."""
    if name in ("remote_ip", "local_ip"):
        return _address(value, where, name)
    if name in ("key", "in_key", "out_key"):
        return number(value, 0, validate.VNI_MAX, where, name, "flow")
    if name == "ttl":
        return number(value, 1, 255, where, name, "inherit")
    if name == "tos":
        return _tos(value, where)
    if name == "extensions":
        return _extensions(value, where)
    if name == "dst_port":
        return str(validate.integer(value, 1, 65535, where, name))
    if name == "egress_pkt_mark":
        return str(validate.integer(value, 0, (1 << 32) - 1, where, name))
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(str(value), where, name)


def column(options: Mapping[str, Any], where: str) -> dict[str, str]:
    """The column ``options`` for declared module options.

    :raises InputError: a value or a combination that ovs-vswitchd refuses or ignores.
    """
    given = {name: options[name] for name in OPTIONS if options.get(name) is not None}
    if "remote_ip" not in given:
        raise InputError(
            f"{where}: remote_ip is missing",
            remedy="give the address of the other VTEP, or 'flow' to set it by OpenFlow",
        )
    given.setdefault("dst_port", DEFAULT_DST_PORT)
    found = {KEYS.get(name, name): _one(name, value, where) for name, value in given.items()}
    if not found.get("exts", "x"):
        del found["exts"]
    _check_addresses(found, where)
    _check_keys(found, where)
    _check_rest(found, where)
    return found


def _check_addresses(found: Mapping[str, str], where: str) -> None:
    remote, local = found["remote_ip"], found.get("local_ip")
    if local is None:
        return
    if local == "flow" and remote != "flow":
        raise InputError(
            f"{where}: local_ip 'flow' needs remote_ip 'flow'",
            remedy="set remote_ip to 'flow' too, or give local_ip as an address",
        )
    if "flow" in (remote, local):
        return
    if remote == local:
        raise InputError(
            f"{where}: remote_ip and local_ip are both {remote}",
            remedy="give the address of the other VTEP as remote_ip",
        )
    if ipaddress.ip_address(remote).version != ipaddress.ip_address(local).version:
        raise InputError(
            f"{where}: local_ip {local} and remote_ip {remote} are of different families",
            remedy="use IPv4 for both, or IPv6 for both",
        )


def _check_keys(found: Mapping[str, str], where: str) -> None:
    if "key" in found and ("in_key" in found or "out_key" in found):
        raise InputError(
            f"{where}: key and in_key or out_key exclude each other",
            remedy="use key for both directions, or in_key and out_key",
        )


def _check_rest(found: Mapping[str, str], where: str) -> None:
    if found.get("packet_type", "legacy_l2") != "legacy_l2" and found.get("exts") != "gpe":
        raise InputError(
            f"{where}: packet_type {found['packet_type']} needs the extension gpe",
            remedy="add gpe to extensions, or use packet_type legacy_l2",
        )
    ipsec = [name for name in IPSEC if name in found]
    if len(ipsec) > 1:
        raise InputError(
            f"{where}: {' and '.join(ipsec)} exclude each other",
            remedy="choose one way to authenticate the peer",
        )


def dst_port(column_options: Mapping[str, str]) -> int:
    """The UDP port of a row, as ovs-vswitchd takes it: atoi(), 0 meaning the default."""
    return _udp_port(column_options.get("dst_port", ""))


@functools.lru_cache(maxsize=64)
def _udp_port(text: str) -> int:
    match = re.match(r"\s*\d+", text)
    return (int(match[0]) & 0xFFFF if match else 0) or DEFAULT_DST_PORT


def extensions(column_options: Mapping[str, str]) -> frozenset[str]:
    """The extensions of a row that ovs-vswitchd knows."""
    found = column_options.get("exts", "").split(",")
    return frozenset(found) & {"gbp", "gpe"}


def identity(column_options: Mapping[str, str]) -> tuple[str, ...]:
    """What two tunnels must not share: struct tnl_match, ofproto/tunnel.c."""
    in_key = column_options.get("key", column_options.get("in_key", "0"))
    return (
        column_options.get("remote_ip", ""),
        column_options.get("local_ip", ""),
        str(int(in_key, 0)) if _NUMBER.match(in_key) else in_key,
        str(dst_port(column_options)),
        column_options.get("packet_type", "legacy_l2"),
    )


def family(column_options: Mapping[str, str]) -> int | None:
    """IP version of the underlay, or None where only flows know."""
    try:
        return ipaddress.ip_address(column_options.get("remote_ip", "")).version
    except ValueError:
        return None
