# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations for the tests, and a simulation that is naive on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import host, plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet.model import Fleet


def names(count: int) -> list[str]:
    """h0, h1, ..."""
    return [f"h{number}" for number in range(count)]


def members(count: int, **common: Any) -> dict[str, dict[str, Any]]:
    """``count`` members with endpoints of their own."""
    return {
        name: {"endpoint": f"198.18.{index // 200}.{index % 200 + 1}", **common}
        for index, name in enumerate(names(count))
    }


def mesh(**segment: Any) -> dict[str, Any]:
    """A declaration with one segment."""
    return {"segments": [{"name": "lab", "vni": 100, **segment}]}


def build(count: int, backend: str = "ovsdb", **segment: Any) -> Fleet:
    """The plan of a mesh with one segment."""
    return plan.build(members(count, backend=backend), mesh(**segment))


def switches(fleet: Fleet) -> dict[str, dict[str, bool]]:
    """Host -> peer -> protected, read from the parts that the hosts' tasks would get."""
    by_address = {member.endpoint: name for name, member in fleet.members.items()}
    result: dict[str, dict[str, bool]] = {}
    for name in fleet.members:
        part = host.part(fleet, name)
        ports = {by_address[t["remote_ip"]]: bool(t["protected"]) for t in part["tunnels"]}
        for port in part["ports"]:
            ports.update({by_address[remote]: True for remote in port["remotes"]})
        result[name] = ports
    return result


def deliveries(
    ports: Mapping[str, Mapping[str, bool]], origin: str, limit: int = 5000
) -> dict[str, int]:
    """How often each host hears one broadcast of ``origin``: frame by frame, port by port.

    A frame that comes in by a tunnel is heard, and leaves by every other tunnel unless both are
    protected. A host that has no tunnel back to the sender drops the frame. Stops after
    ``limit`` frames: by then it is a storm.
    """
    heard = dict.fromkeys(ports, 0)
    frames = [(origin, peer) for peer in ports[origin]]
    while frames and limit:
        limit -= 1
        sender, receiver = frames.pop(0)
        if sender not in ports[receiver]:
            continue
        heard[receiver] += 1
        for out, protected in ports[receiver].items():
            if out != sender and not (protected and ports[receiver][sender]):
                frames.append((receiver, out))
    return heard


def exactly_once(ports: Mapping[str, Mapping[str, bool]]) -> bool:
    """True where every broadcast reaches every other host once and nobody twice."""
    return all(
        count == (name != origin)
        for origin in ports
        for name, count in deliveries(ports, origin).items()
    )
