"""The lab as an Ansible inventory (pure)."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .addresses import Host

GROUP = "vteps"
GROUP_VARS: Mapping[str, Any] = {
    "ansible_user": "root",
    "ansible_connection": "ssh",
    "ansible_python_interpreter": "/usr/bin/python3",
    "ansible_pipelining": True,
    "ansible_ssh_pipelining": True,
    "ansible_host_key_checking": False,
    "vxlan_mesh_segments": [{"name": "lab", "vni": 100}],
    "vxlan_mesh_underlay_device": "eth1",
}


def host_vars(host: Host, underlay: str) -> dict[str, Any]:
    """Variables of one host."""
    return {
        "ansible_host": host.management,
        "vxlan_mesh_endpoint": host.underlay(underlay),
        "vxlan_mesh_addresses": {"lab": host.overlay},
    }


def group_vars(ssh_options: Sequence[str]) -> dict[str, Any]:
    """Variables of the group; ssh_options is what ssh needs to reach a guest."""
    # ansible_ssh_args replaces Ansible's own multiplexing options by ours.
    return {**GROUP_VARS, "ansible_ssh_args": shlex.join(ssh_options)}


def static(hosts: Sequence[Host], underlay: str, ssh_options: Sequence[str]) -> dict[str, Any]:
    """The inventory in the shape of an inventory file."""
    members = {host.name: host_vars(host, underlay) for host in hosts}
    return {GROUP: {"hosts": members, "vars": group_vars(ssh_options)}}


def dynamic(hosts: Sequence[Host], underlay: str, ssh_options: Sequence[str]) -> dict[str, Any]:
    """The inventory in the shape that an inventory script prints for --list."""
    return {
        GROUP: {"hosts": [host.name for host in hosts], "vars": group_vars(ssh_options)},
        "_meta": {"hostvars": {host.name: host_vars(host, underlay) for host in hosts}},
    }


def to_yaml(value: Mapping[str, Any], indent: int = 0) -> str:
    """Block YAML of nested mappings; scalars and lists are JSON, which YAML contains."""
    lines = []
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            lines.append(f"{' ' * indent}{key}:\n{to_yaml(item, indent + 2)}")
        else:
            lines.append(f"{' ' * indent}{key}: {json.dumps(item)}\n")
    return "".join(lines)
