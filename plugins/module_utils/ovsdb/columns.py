# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Columns besides ``options``, checked; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core import validate
from ..core.errors import InputError
from .model import OUR_PREFIX

VLAN_MAX = 4094
_INTERVAL_MAX = 1 << 31
# bfd(5.x) keys by type: bfd_configure(), lib/bfd.c.
_BFD_NUMBERS = {
    "min_rx": (1, _INTERVAL_MAX),
    "min_tx": (1, _INTERVAL_MAX),
    "decay_min_rx": (0, _INTERVAL_MAX),
    "mult": (1, 255),
}


def bfd(given: Mapping[str, Any], where: str) -> dict[str, str]:
    """Column ``bfd`` of Interface; ovs-vswitchd ignores what it cannot read."""
    column = {}
    for name, value in given.items():
        if value is None:
            continue
        if name in _BFD_NUMBERS:
            column[name] = str(validate.integer(value, *_BFD_NUMBERS[name], where, f"bfd.{name}"))
        elif isinstance(value, bool):
            column[name] = "true" if value else "false"
        elif name.endswith("_mac"):
            column[name] = validate.mac_address(value, where, f"bfd.{name}")
        else:
            column[name] = str(_ipv4(value, where, f"bfd.{name}"))
    return column


def _ipv4(value: str, where: str, what: str) -> validate.IPAddress:
    parsed = validate.unicast(value, where, what)
    if parsed.version != 4:
        raise InputError(
            f"{where}: {what} {value!r} is not an IPv4 address",
            remedy="give an IPv4 address: BFD packets of Open vSwitch are IPv4",
        )
    return parsed


def vlan(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Columns ``tag``, ``trunks`` and ``vlan_mode`` of Port, where they agree.

    :raises InputError: a combination of which one part would be ignored (port_configure() and
        ofproto-dpif-xlate.c, input_vid_is_valid()).
    """
    tag, trunks, mode = entry.get("tag"), entry.get("trunks"), entry.get("vlan_mode")
    if tag is not None:
        validate.integer(tag, 0, VLAN_MAX, where, "tag")
    for vid in trunks or ():
        validate.integer(vid, 0, VLAN_MAX, where, "trunks")
    problem = None
    if tag is not None and trunks and mode not in ("native-tagged", "native-untagged"):
        problem = "trunks beside tag are ignored unless vlan_mode is native-tagged or -untagged"
    elif mode == "access" and trunks:
        problem = "trunks are ignored with vlan_mode access"
    elif mode == "trunk" and tag is not None:
        problem = "tag is ignored with vlan_mode trunk"
    elif mode in ("access", "native-tagged", "native-untagged") and tag is None:
        problem = f"vlan_mode {mode} needs a tag"
    if problem:
        raise InputError(f"{where}: {problem}", remedy="use either tag or trunks, or a native mode")
    return {"tag": tag, "trunks": frozenset(trunks or ()), "vlan_mode": mode}


def texts(given: Mapping[str, Any], where: str, what: str) -> dict[str, str]:
    """A map column of texts; numbers and booleans are written as OVS writes them."""
    column = {}
    for key, value in given.items():
        if not isinstance(key, str) or not key or key != "".join(key.split()):
            raise InputError(
                f"{where}: {what} has a key {key!r} that is empty or has blanks",
                remedy="use keys without blanks",
            )
        if key.startswith(OUR_PREFIX):
            raise InputError(
                f"{where}: {what} key {key!r} is reserved for this collection",
                remedy=f"use keys that do not start with {OUR_PREFIX}",
            )
        if isinstance(value, bool):
            column[key] = "true" if value else "false"
        elif isinstance(value, (str, int)):
            column[key] = str(value)
        else:
            raise InputError(
                f"{where}: {what} {key} is neither text nor a number: {value!r}",
                remedy="give a text",
            )
    return column
