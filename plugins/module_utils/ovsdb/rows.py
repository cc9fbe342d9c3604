# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows copied before they are deleted, made ready to be inserted again; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Columns that ovs-vswitchd writes: they say what is, not what should be. ``ofport`` is kept: it
# is where iface_pick_ofport(), vswitchd/bridge.c, takes the number from when none is asked for.
_STATUS = {
    "Bridge": {"status", "rstp_status", "datapath_id", "datapath_version"},
    "Port": {"status", "statistics", "rstp_status", "rstp_statistics", "bond_active_slave"},
    "Interface": {
        "admin_state",
        "bfd_status",
        "cfm_fault",
        "cfm_fault_status",
        "cfm_flap_count",
        "cfm_health",
        "cfm_remote_mpids",
        "cfm_remote_opstate",
        "duplex",
        "error",
        "ifindex",
        "lacp_current",
        "link_resets",
        "link_speed",
        "link_state",
        "mac_in_use",
        "mtu",
        "statistics",
        "status",
    },
    "Controller": {"is_connected", "role", "status"},
    "Mirror": {"statistics"},
}


def configuration(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that somebody configured, without empty ones and without the row's identity."""
    status = _STATUS.get(table, set()) | {"_uuid", "_version"}
    kept = {
        name: value
        for name, value in row.items()
        if name not in status and value not in (["set", []], ["map", []])
    }
    if kept.get("ofport") == -1:
        del kept["ofport"]
    return kept


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """``value`` with every reference to a row in ``names`` turned into its new name."""
    if isinstance(value, Mapping):
        return {key: renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) == 2 and value[0] == "uuid":
            return ["named-uuid", names[value[1]]] if value[1] in names else value
        return [renamed(item, names) for item in value]
    return value
