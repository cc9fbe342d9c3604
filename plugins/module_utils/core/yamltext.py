# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readable YAML for ``diff`` without a YAML library on the managed host.

Only what results are made of: dictionaries, lists, strings, numbers, booleans and None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*\Z")
_RESERVED = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def scalar(value: Any) -> str:
    """One value as YAML; strings that would be read as something else are quoted."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    if _PLAIN.match(text) and text.lower() not in _RESERVED:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    """One character of a double-quoted scalar."""
    if char.isprintable():
        return "\\" + char if char in '"\\' else char
    return f"\\U{ord(char):08x}"


def dump(value: Any, indent: int = 0) -> str:
    """``value`` as block-style YAML, keys in the order given."""
    pad = "  " * indent
    if isinstance(value, Mapping):
        return "".join(f"{pad}{scalar(key)}:{_nested(item, indent)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"{pad}-{_nested(item, indent)}" for item in value)
    return f"{pad}{scalar(value)}\n"


def _nested(item: Any, indent: int) -> str:
    if isinstance(item, Mapping) or (isinstance(item, Sequence) and not isinstance(item, str)):
        if not item:
            return " {}\n" if isinstance(item, Mapping) else " []\n"
        return "\n" + dump(item, indent + 1)
    return f" {scalar(item)}\n"
