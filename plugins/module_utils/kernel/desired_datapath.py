# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the parameters of ``ovs_datapath`` to what is wanted; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core import arguments, validate
from ..core.errors import InputError
from ..core.ownership import check_owner
from .model import PORT_NO_MAX, DatapathSet, DatapathSpec

OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "up": {"type": "bool"},
    "mtu": {"type": "int"},
    "address": {"type": "list", "elements": "str"},
    "connect": {"type": "list", "elements": "list"},
    "adopt": {"type": "bool"},
    "force": {"type": "bool"},
}
# include/linux/ipv6.h; addrconf_notify() in net/ipv6/addrconf.c
IPV6_MIN_MTU = 1280


def datapath_set(params: Mapping[str, Any]) -> DatapathSet:
    """All that a task declares. Raises InputError; nothing has been read or touched then."""
    specs = tuple(
        datapath_spec(where, options)
        for where, options in arguments.entries(params, OPTIONS, "datapaths")
    )
    return DatapathSet(
        specs,
        check_owner(params.get("owner") or "default"),
        bool(params.get("purge")),
        frozenset(params.get("check_mode_assume") or ()),
    )


def datapath_spec(where: str, options: Mapping[str, Any]) -> DatapathSpec:
    """One checked datapath from its options, shared defaults already merged."""
    name = validate.device_name(options["name"], where)
    if name == "ovs-system":
        raise InputError(
            f"{where}: datapath 'ovs-system' is owned by ovs-vswitchd",
            culprit="ovs-vswitchd",
            remedy="manage its bridges instead, for example by tunnelmesh.ovs.ovs_vxlan_tunnel",
        )
    mtu, addresses, connect = (options.get(key) for key in ("mtu", "address", "connect"))
    return DatapathSpec(
        where=where,
        name=name,
        state=options.get("state") or "present",
        up=options.get("up") is not False,
        mtu=None if mtu is None else _mtu(where, mtu, addresses or ()),
        addresses=None if addresses is None else validate.interfaces(addresses, where),
        connect=None if connect is None else _pairs(where, connect),
        adopt=bool(options.get("adopt")),
        force=bool(options.get("force")),
    )


def _mtu(where: str, mtu: Any, addresses: Sequence[str]) -> int:
    validate.integer(mtu, 68, 65535, where, "mtu")
    if mtu < IPV6_MIN_MTU and any(":" in text for text in addresses):
        raise InputError(
            f"{where}: mtu {mtu} is too small for IPv6: the kernel takes IPv6 off such a device",
            remedy=f"use an mtu of at least {IPV6_MIN_MTU}, or IPv4 addresses only",
        )
    return int(mtu)


def _pairs(where: str, connect: Sequence[Sequence[Any]]) -> tuple[tuple[str, str], ...]:
    """Pairs of port names or numbers; every port in at most one pair."""
    pairs = []
    seen: set[str] = set()
    for entry in connect:
        if len(entry) != 2:
            raise InputError(
                f"{where}: connect entry {list(entry)!r} is not a pair",
                remedy="give two port names or numbers, such as [br0, vx100]",
            )
        first, second = (_end(where, end) for end in entry)
        for end in (first, second):
            if end in seen:
                raise InputError(
                    f"{where}: port {end} stands in two connections, or is connected to itself",
                    remedy="connect every port to exactly one other port",
                )
            seen.add(end)
        pairs.append((first, second))
    return tuple(pairs)


def _end(where: str, end: Any) -> str:
    text = str(end)
    if text.isascii() and text.isdigit():
        return str(validate.integer(int(text), 0, PORT_NO_MAX, where, "connect"))
    return validate.device_name(text, where, "connect")
