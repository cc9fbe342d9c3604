# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations in the words of the module, and rows of others."""

from __future__ import annotations

from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.arguments import spec
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.desired import desired
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import (
    BridgeSpec,
    Desired,
    TunnelSpec,
)

REMOTE = "198.18.0.2"


def params(**given: Any) -> dict[str, Any]:
    """Parameters as AnsibleModule hands them over, with every default filled in."""
    return _filled(spec(), given)


def _filled(options: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    filled = {name: option.get("default") for name, option in options.items()}
    filled.update(given)
    for name, option in options.items():
        if option.get("elements") == "dict" and filled[name] is not None:
            filled[name] = [_filled(option["options"], one) for one in filled[name]]
        elif option["type"] == "dict" and "options" in option and filled[name] is not None:
            filled[name] = _filled(option["options"], filled[name])
    return filled


def declare(**given: Any) -> Desired:
    """What a task with these parameters declares."""
    return desired(params(**given))


def tunnel(**given: Any) -> TunnelSpec:
    """The one tunnel that a task with these parameters declares."""
    (found,) = declare(**{"name": "vx", "bridge": "br0", "remote_ip": REMOTE, **given}).tunnels
    return found


def bridge(**given: Any) -> BridgeSpec:
    """The one bridge of a task."""
    (found,) = declare(bridges=[{"name": "br0", **given}]).bridges
    return found


def foreign_tunnel(bridge_uuid: str, name: str, **columns: Any) -> list[dict[str, Any]]:
    """Operations that add a tunnel that is not ours."""
    column = {"remote_ip": "198.18.0.9", **columns.pop("options", {})}
    row = {"name": name, "type": "vxlan", "options": ["map", sorted(map(list, column.items()))]}
    return foreign_port(bridge_uuid, {**row, **columns})


def foreign_port(bridge_uuid: str, interface: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations that add a port with one interface."""
    port = {"name": interface["name"], "interfaces": ["named-uuid", "i"]}
    where = [["_uuid", "==", ["uuid", bridge_uuid]]]
    mutations = [["ports", "insert", ["named-uuid", "p"]]]
    return [
        {"op": "insert", "table": "Interface", "uuid-name": "i", "row": interface},
        {"op": "insert", "table": "Port", "uuid-name": "p", "row": port},
        {"op": "mutate", "table": "Bridge", "where": where, "mutations": mutations},
    ]
