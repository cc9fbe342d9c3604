# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declared bridges, checked; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core import validate
from ..core.errors import InputError
from .columns import texts
from .model import BRIDGE_COLUMNS, BridgeSpec

# Interface.mtu_request: 68 is the least of IPv4, 65535 the most of a network device.
MTU_MIN, MTU_MAX = 68, 65535


def specs(listed: Sequence[Mapping[str, Any]]) -> Iterator[BridgeSpec]:
    """Every entry of ``bridges``, checked.

    :raises InputError: a bad value, or a bridge declared twice.
    """
    seen: dict[str, int] = {}
    for index, entry in enumerate(listed):
        name = str(entry["name"])
        if name in seen:
            raise InputError(
                f"bridges[{seen[name]}] and bridges[{index}] both declare {name}",
                remedy="declare every bridge once",
            )
        seen[name] = index
        yield _spec(f"bridges[{index}] ({name})", entry)


def _spec(where: str, entry: Mapping[str, Any]) -> BridgeSpec:
    mtu, addresses = entry.get("mtu"), entry.get("address")
    if mtu is not None:
        validate.integer(mtu, MTU_MIN, MTU_MAX, where, "mtu")
    return BridgeSpec(
        where=where,
        name=validate.device_name(str(entry["name"]), where),
        state=entry.get("state") or "present",
        columns={name: entry[name] for name in BRIDGE_COLUMNS if entry.get(name) is not None},
        other_config=_map(entry, where, "other_config"),
        external_ids=_map(entry, where, "external_ids"),
        mtu=mtu,
        # An address on a device that is down answers nobody.
        up=True if entry.get("up") is None and addresses else entry.get("up"),
        addresses=None
        if addresses is None
        else tuple(sorted(validate.interfaces(addresses, where))),
        adopt=bool(entry.get("adopt")),
        force=bool(entry.get("force")),
    )


def _map(entry: Mapping[str, Any], where: str, name: str) -> dict[str, str] | None:
    found = entry.get(name)
    if found is None:
        return None
    column = texts(found, where, name)
    if name == "other_config" and "hwaddr" in column:
        column["hwaddr"] = validate.mac_address(column["hwaddr"], where, "other_config.hwaddr")
    return column
