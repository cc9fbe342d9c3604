# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters around the fleet plan. Documented in the YAML file of each filter beside this one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import (
    host,
    inventory,
    plan,
    render,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet.model import Fleet


@functools.lru_cache(maxsize=2)
def _load(text: str) -> Fleet:
    """A worker asks for its host's part more than once; reading the plan is most of the cost."""
    try:
        return plan.load(text)
    except (ValueError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"this is not a plan of tunnelmesh.ovs.fleet_plan: {error}"
        ) from error


def fleet_plan(
    hostvars: Mapping[str, Mapping[str, Any]], hosts: Sequence[str], mesh: Mapping[str, Any]
) -> str:
    """The proven plan of the mesh as one string."""
    backend = str(mesh.get("backend") or inventory.AUTO)
    declared = {key: value for key, value in mesh.items() if key != "backend"}
    try:
        members = inventory.members(hostvars, hosts, backend)
        return plan.dump(plan.build(members, declared))
    except TunnelMeshError as error:
        raise AnsibleFilterError(f"The mesh is refused: {error.message}") from error


def fleet_host(text: str, name: str) -> dict[str, Any]:
    """What one host has to hold."""
    try:
        return host.part(_load(str(text)), str(name))
    except TunnelMeshError as error:
        raise AnsibleFilterError(error.message) from error


def fleet_notes(text: str) -> list[str]:
    """What the user should know although the plan is sound."""
    return list(_load(str(text)).notes)


def fleet_table(text: str) -> str:
    """The plan as a table."""
    return render.table(_load(str(text)))


def fleet_mermaid(text: str) -> str:
    """The plan as a Mermaid flowchart."""
    return render.mermaid(_load(str(text)))


def fleet_dot(text: str) -> str:
    """The plan as a Graphviz graph."""
    return render.dot(_load(str(text)))


class FilterModule:
    """The filters of the fleet plan."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> filter."""
        return {
            "fleet_plan": fleet_plan,
            "fleet_host": fleet_host,
            "fleet_notes": fleet_notes,
            "fleet_table": fleet_table,
            "fleet_mermaid": fleet_mermaid,
            "fleet_dot": fleet_dot,
        }
