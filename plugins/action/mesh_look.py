# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at one host of a mesh. Documented in the module of the same name."""

from __future__ import annotations

import functools
import time
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import host, plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet.model import Fleet
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import record
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.model import Record
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.table import plain

OPTIONS = {
    "plan": {"type": "str", "required": True},
    "owner": {"type": "str", "default": "vxlan_mesh"},
    "required": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 10},
    "count": {"type": "int", "default": 5},
    "unreachable": {"type": "str"},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs ovs_vxlan_info and overlay_ping, and keeps what a report needs."""

    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """The record. Never fails because of what is wrong with the host or the mesh."""
        super().run(tmp, task_vars)
        began, variables = time.time(), task_vars or {}
        _result, options = self.validate_argument_spec(OPTIONS)
        name = str(variables["inventory_hostname"])
        try:
            fleet = _load(str(options["plan"]))
            seen = self._look(fleet, name, options, variables)
        except (ValueError, TunnelMeshError) as error:
            raise AnsibleActionFail(f"this is not a plan with {name} in it: {error}") from error
        Display().display(f"  {plain(record.line(seen))}")
        return {
            "changed": False,
            "record": record.dump(seen),
            "looked_at": not seen.reason,
            "at": began,
        }

    def _look(
        self, fleet: Fleet, name: str, options: dict[str, Any], variables: dict[str, Any]
    ) -> Record:
        part = host.part(fleet, name)
        if options["unreachable"]:
            return Record(name, reason=str(options["unreachable"]))
        ping = {
            "overlays": part["overlays"],
            "required": options["required"],
            "timeout": options["timeout"],
            "count": options["count"],
            "search": True,
        }
        try:
            pinged = self._module("overlay_ping", ping, variables)
            rows = pinged.get("peers") or []
            trouble = not rows or any(row["verdict"] != "ok" for row in rows)
            info = {
                "owner": options["owner"],
                "expected_ports": part["ports"],
                "expected_tunnels": part["tunnels"],
                "gather": ["devices", "tunnels"],
                # A large packet to every remote only where something is wrong: where ICMP is
                # dropped on the underlay, silence would be reported for nothing.
                "probe": "all" if trouble else "suspects",
            }
            return record.condense(
                fleet, name, self._module("ovs_vxlan_info", info, variables), rows
            )
        except AnsibleConnectionFailure as error:
            return Record(name, reason=error.message)
        except AnsibleError as error:  # such as a wrong password for become
            return Record(name, reason=str(error))

    def _module(
        self, name: str, arguments: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name=f"tunnelmesh.ovs.{name}", module_args=arguments, task_vars=variables
        )
        return result


@functools.lru_cache(maxsize=1)
def _load(text: str) -> Fleet:
    return plan.load(text)
