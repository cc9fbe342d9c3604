# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The notation of OVSDB values (RFC 7047, section 5.1) from and to Python; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def mapping(value: Any) -> dict[str, Any]:
    """A map column as a dictionary."""
    return dict(value[1])


def members(value: Any) -> tuple[Any, ...]:
    """A set column as a tuple; a set of one comes bare."""
    if isinstance(value, list) and value and value[0] == "set":
        return tuple(_bare(item) for item in value[1])
    return (_bare(value),)


def optional(value: Any) -> Any:
    """A column of at most one value: that value, or None."""
    found = members(value)
    return found[0] if found else None


def reference(value: Any) -> str:
    """The UUID in ``["uuid", x]``."""
    return str(value[1])


def _bare(value: Any) -> Any:
    return value[1] if isinstance(value, list) and value and value[0] == "uuid" else value


def encode(value: Any) -> Any:
    """Dictionary, set, None or scalar as OVSDB writes it; what is encoded already stays."""
    if isinstance(value, Mapping):
        return ["map", [[key, value[key]] for key in sorted(value)]]
    if isinstance(value, (frozenset, set, tuple)):
        return ["set", list(value)]
    return ["set", []] if value is None else value


def row(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A row for ``insert`` or ``update``."""
    return {name: encode(value) for name, value in columns.items()}


def uuid(text: str) -> list[str]:
    """A reference to a row that exists."""
    return ["uuid", text]


def named(text: str) -> list[str]:
    """A reference to a row inserted by the same transaction."""
    return ["named-uuid", text]


def where(row_uuid: str) -> list[Any]:
    """The condition that selects one row; constant time in ovsdb-server."""
    return [["_uuid", "==", uuid(row_uuid)]]


def references(uuids: Iterable[list[str]]) -> list[Any]:
    """A set of references."""
    return ["set", list(uuids)]
