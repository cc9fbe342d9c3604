# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single values of a declaration, as they come out of YAML, templates or ``--extra-vars``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..core import validate
from ..core.errors import InputError
from .model import DEFAULTS

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
# Milliseconds, and for mult lost packets.
_BFD_NUMBERS = {
    "min_rx": (1, 1 << 31),
    "min_tx": (1, 1 << 31),
    "decay_min_rx": (0, 1 << 31),
    "mult": (1, 255),
}
_BFD_SWITCHES = ("enable", "forwarding_if_rx", "cpath_down", "check_tnl_key", "oam")
_SEGMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}\Z")


def whole(value: Any, low: int, high: int, where: str, what: str) -> int:
    """A whole number of ``low`` to ``high``; text counts, since templates make numbers text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value.strip()):
        value = int(value)
    return validate.integer(value, low, high, where, what)


def switch(value: Any, where: str, what: str) -> bool:
    """True or false, or one of Ansible's words for it."""
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise InputError(f"{where}: {what} {value!r} is neither true nor false")


def texts(value: Any, where: str, what: str) -> tuple[str, ...]:
    """A list of strings; a single string counts as a list of one."""
    if isinstance(value, str):
        return (str(value),)
    if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where}: {what} {value!r} is not a list of strings")
    return tuple(str(item) for item in value)


def mapping(value: Any, where: str, what: str) -> Mapping[str, Any]:
    """A dictionary; None counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: {what} {value!r} is not a dictionary")
    return value


def known_keys(entry: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Refuse keys that nobody reads: they are misspelt."""
    unknown = sorted(str(key) for key in entry if key not in known)
    if unknown:
        raise InputError(
            f"{where}: unknown key {', '.join(unknown)}", remedy=f"known are {', '.join(known)}"
        )


def segment_name(value: Any, where: str) -> str:
    """The name of a segment: 1 to 32 letters, digits, ``_.-``."""
    if not isinstance(value, str) or not _SEGMENT_NAME.match(value):
        raise InputError(
            f"{where}: {value!r} is not a name for a segment",
            remedy="use 1 to 32 letters, digits, '_', '.' or '-'",
        )
    return str(value)


def mtu(value: Any, where: str) -> Optional[int]:
    """An MTU in bytes (68 to 65535), or None for ``auto``."""
    if value is None or value == "auto":
        return None
    return whole(value, 68, 65535, where, "mtu")


def settings(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Those of model.DEFAULTS that ``entry`` sets, checked."""
    found: dict[str, Any] = {}
    for key in DEFAULTS:
        value = entry.get(key)
        if value is None or (key == "csum" and value == "default"):
            continue
        if key == "dst_port":
            found[key] = whole(value, 1, 65535, where, key)
        elif key == "ttl":
            found[key] = whole(value, 1, 255, where, key)
        elif key in ("csum", "gbp"):
            found[key] = switch(value, where, key)
        elif key == "tos":
            found[key] = "inherit" if value == "inherit" else _tos(value, where)
        elif value not in ("set", "unset", "inherit"):
            raise InputError(f"{where}: df {value!r} is not one of set, unset, inherit")
        else:
            found[key] = str(value)
    return found


def bfd(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Keys of the Interface column ``bfd`` that make sense for a whole mesh (bfd(5.x) of OVS)."""
    known_keys(entry, (*_BFD_NUMBERS, *_BFD_SWITCHES), where)
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if value is None:
            continue
        if key in _BFD_NUMBERS:
            found[key] = whole(value, *_BFD_NUMBERS[key], where, key)
        else:
            found[key] = switch(value, where, key)
    return found


def _tos(value: Any, where: str) -> int:
    """0 to 252 in steps of 4: the two lowest bits belong to ECN."""
    found = whole(value, 0, 252, where, "tos")
    if found % 4:
        raise InputError(
            f"{where}: tos {found} uses the ECN bits", remedy="use a multiple of 4, or inherit"
        )
    return found
