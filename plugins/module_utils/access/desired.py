# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of ``ovs_access_port`` to specs; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core import arguments, validate
from ..core.errors import InputError
from .model import Spec

OPTIONS: dict[str, Any] = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "bridge": {"type": "str"},
    "tag": {"type": "int"},
    "mtu": {"type": "int"},
    "address": {"type": "list", "elements": "str"},
}


def desired(params: Mapping[str, Any]) -> tuple[Spec, ...]:
    """The declared ports, checked one by one.

    :raises InputError: with the entry at fault.
    """
    return tuple(_spec(where, o) for where, o in arguments.entries(params, OPTIONS, "ports"))


def _spec(where: str, options: Mapping[str, Any]) -> Spec:
    name = validate.device_name(options["name"], where)
    if options.get("state") == "absent":
        return Spec(where, name, present=False)
    for key in ("bridge", "tag"):
        if options.get(key) is None:
            raise InputError(f"{where}: {key} is missing", remedy=f"say which {key}")
    mtu, listed = options.get("mtu"), options.get("address")
    return Spec(
        where=where,
        name=name,
        bridge=validate.device_name(options["bridge"], where, "bridge"),
        tag=validate.integer(options["tag"], 1, 4094, where, "tag"),
        mtu=None if mtu is None else validate.integer(mtu, 68, 65535, where, "mtu"),
        addresses=None if listed is None else validate.interfaces(listed, where),
    )
