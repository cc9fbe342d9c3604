# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments that the writing modules share: one thing by top-level options, or many in a list.

A list entry takes what it does not say from the task's top-level options. That is why no such
option has a default in the argument spec: the default is applied last, by the plane's own
``desired`` module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import InputError
from .ownership import DEFAULT_OWNER

COMMON: dict[str, dict[str, Any]] = {
    "owner": {"type": "str", "default": DEFAULT_OWNER},
    "purge": {"type": "bool", "default": False},
    "netns": {"type": "str"},
}


def spec(item_options: Mapping[str, Any], list_name: str, **extra: Any) -> dict[str, Any]:
    """The argument spec of a module: ``item_options`` at the top and again in ``list_name``."""
    items = {"type": "list", "elements": "dict", "options": dict(item_options)}
    return {**item_options, list_name: items, **COMMON, **extra}


def entries(
    params: Mapping[str, Any], item_options: Mapping[str, Any], list_name: str, key: str = "name"
) -> list[tuple[str, dict[str, Any]]]:
    """The declared things as (where, options), list entries merged with the shared defaults.

    ``where`` names the entry in messages: ``ports[3] (vx7)``.

    :raises InputError: neither or both forms used, an entry without ``key``, a key twice.
    """
    shared = {name: params.get(name) for name in item_options}
    listed: Sequence[Mapping[str, Any]] | None = params.get(list_name)
    if listed is None:
        if not shared.get(key):
            if params.get("purge"):
                return []
            raise InputError(
                f"neither {key} nor {list_name} is given",
                remedy=f"name one by {key}, or many in {list_name}",
            )
        return [(str(shared[key]), shared)]
    if shared.get(key):
        raise InputError(
            f"{key} and {list_name} exclude each other",
            remedy=f"move {key} into an entry of {list_name}",
        )
    merged: list[tuple[str, dict[str, Any]]] = []
    seen: dict[str, int] = {}
    for index, entry in enumerate(listed):
        options = {
            name: shared[name] if entry.get(name) is None else entry[name] for name in item_options
        }
        label = options.get(key)
        if not label:
            raise InputError(
                f"{list_name}[{index}] has no {key}", remedy=f"give every entry its {key}"
            )
        if label in seen:
            raise InputError(
                f"{list_name}[{seen[label]}] and {list_name}[{index}] both declare {label}",
                remedy=f"declare every {key} once",
            )
        seen[label] = index
        merged.append((f"{list_name}[{index}] ({label})", options))
    return merged
