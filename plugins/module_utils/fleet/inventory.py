# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of a mesh out of what Ansible knows about hosts: variables and, where there, facts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from . import values
from .model import KERNEL, OVSDB

# Host variable -> key of a member's declaration.
VARIABLES = {
    "vxlan_mesh_endpoint": "endpoint",
    "vxlan_mesh_addresses": "addresses",
    "vxlan_mesh_underlay_device": "device",
    "vxlan_mesh_underlay_mtu": "underlay_mtu",
    "vxlan_mesh_host_settings": "settings",
}
# What an IP packet can have; the loopback device claims one byte more.
LARGEST_PACKET = 65535
# Registered by the role: the result of the module host_look, without its keys where it failed.
SEEN = "vxlan_mesh_seen"
AUTO = "auto"
# What the role vtep is told about the daemons, and the backend that follows from it.
SERVICE = {"started": OVSDB, "stopped": KERNEL}


def members(
    hostvars: Mapping[str, Mapping[str, Any]], hosts: Sequence[str], backend: str
) -> dict[str, dict[str, Any]]:
    """Host -> declaration (declare.MEMBER_KEYS), for every host of ``hosts``.

    :param backend: of the mesh; a host's own ``vxlan_mesh_backend`` comes first. ``auto`` follows
        from what the role found on the host, and is ``ovsdb`` where nobody looked.
    """
    return {str(host): member(hostvars[host], backend) for host in hosts}


def member(variables: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """One host's declaration; facts fill in what the variables leave open."""
    found = {key: variables[name] for name, key in VARIABLES.items() if name in variables}
    chosen = variables.get("vxlan_mesh_backend") or backend
    found["backend"] = _detected(variables) if chosen == AUTO else chosen
    if found.get("endpoint"):
        _add_observed(found, variables)
    if found.get("underlay_mtu") == AUTO:
        del found["underlay_mtu"]
    return found


def _detected(variables: Mapping[str, Any]) -> Optional[str]:
    """What ``auto`` means on this host; None where nobody looked.

    The host may not be prepared yet. What the role vtep will do to it counts: it installs and
    starts Open vSwitch, unless it is told not to.
    """
    told = SERVICE.get(str(variables.get("vtep_service")))
    state = (variables.get(SEEN) or {}).get("vswitchd")
    if told or not state:
        return told
    if state == "absent":
        managed = variables.get("vtep_manage_packages", True)
        installs = values.switch(managed, "role vtep", "vtep_manage_packages")
        return OVSDB if installs else KERNEL
    return OVSDB if state == "running" else KERNEL


def _add_observed(found: dict[str, Any], variables: Mapping[str, Any]) -> None:
    """What was seen on the host itself, where somebody looked: addresses and MTUs.

    An endpoint on the loopback device, as routing daemons announce them, has no MTU of use.
    """
    seen = (variables.get(SEEN) or {}).get("underlay")
    mtus = dict(_from_facts(variables) if seen is None else _from_look(seen))
    if not mtus and seen is None:
        return
    found["own_addresses"] = sorted(mtus)
    endpoint = _plain(found["endpoint"])
    mtu = mtus.get(endpoint or "", 0)
    if found.get("underlay_mtu") in (None, AUTO) and 0 < mtu <= LARGEST_PACKET:
        found["underlay_mtu"] = mtu


def _from_look(underlay: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """(address, MTU of its device) out of the result of host_look."""
    return [(str(entry["address"]), int(entry["mtu"])) for entry in underlay]


def _from_facts(variables: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The same out of gathered facts."""
    facts = variables.get("ansible_facts")
    if not isinstance(facts, Mapping) or not facts.get("interfaces"):
        return
    for name in facts["interfaces"]:
        device = facts.get(str(name).replace("-", "_"))
        if not isinstance(device, Mapping):
            continue
        first = device.get("ipv4")
        listed = [*([first] if isinstance(first, Mapping) else first or ())]
        listed += [*device.get("ipv4_secondaries", ()), *device.get("ipv6", ())]
        for entry in listed:
            plain = _plain(entry.get("address"))
            if plain:
                yield plain, int(device.get("mtu") or 0)


def _plain(text: Any) -> Optional[str]:
    try:
        return str(ipaddress.ip_address(str(text).partition("%")[0]))
    except ValueError:
        return None
