# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that a datapath takes from one state to another; pure.

A cross-connect is two wildcard flows. A flow of ours is known by its UFID, which starts with
UFID_PREFIX; flows with another UFID, or none, are never touched.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from ..core.steps import Step
from .model import TYPE_NETDEV, UFID_PREFIX, Datapath, Link

# Before the phases of port_steps, which a roll back creates and links in the same plan.
DISCONNECT, CREATE, CHANGE, CONNECT, DELETE = 10, 25, 40, 60, 90
FlowKey = tuple[int, int, bytes]


def ufid(in_port: int, output: int) -> bytes:
    """16 bytes that make a flow ours: prefix, in port, output, padding."""
    return UFID_PREFIX + struct.pack(">HHH", in_port & 0xFFFF, output & 0xFFFF, 0)


def upcall_pid(found: Datapath | None) -> int:
    """The upcall port of the local port: the token of a run until that has finished it."""
    vports = found.vports if found else ()
    return next((vport.upcall_pid for vport in vports if vport.port_no == 0), 0)


def creation(name: str, why: str, alias: str, in_flight: int) -> Step:
    """Make a datapath; ``in_flight`` marks it until it has its ``alias``."""
    args = {"token": in_flight, "alias": alias}
    return Step("create", name, why, {}, args, CREATE, "datapath")


def delete(found: Datapath, why: str) -> Step:
    """Delete a datapath, and say what becomes of its ports.

    NETDEV devices survive detached; legacy and internal ones die (ovs_dp_destroy()).
    """
    kept = [vport.name for vport in found.vports if vport.type == TYPE_NETDEV]
    lost = [
        vport.name for vport in found.vports if vport.port_no != 0 and vport.type != TYPE_NETDEV
    ]
    if kept:
        why += f"; detaches {', '.join(kept)}"
    if lost:
        why += f"; deletes {', '.join(lost)}"
    return Step("delete", found.name, why, {}, {}, DELETE, "datapath")


def change(
    name: str,
    local: Link,
    addresses: Iterable[str],
    upcall: int,
    goal: Mapping[str, Any],
    why: str,
) -> list[Step]:
    """One step for all that differs on the local port."""
    now = {"up": local.up, "mtu": local.mtu, "alias": local.alias, "upcall_pid": upcall}
    if "mac" in goal:
        now["mac"] = local.mac
    changes = {key: (value, goal[key]) for key, value in now.items() if value != goal[key]}
    if set(addresses) != set(goal["address"]):
        changes["address"] = (sorted(addresses), sorted(goal["address"]))
    if not changes:
        return []
    shown = dict(changes)
    if "alias" in shown:
        before, after = shown.pop("alias")
        shown["mark"] = (before or None, after or None)
    if "upcall_pid" in shown:
        shown.pop("upcall_pid")
        shown["unfinished"] = (True, False)
    args = {"changes": changes, "addresses": tuple(addresses)}
    return [Step("change", name, why, shown, args, CHANGE, "datapath")]


def our_flows(found: Datapath | None) -> set[Any]:
    """The flows of a cross-connect, as keys."""
    return {
        (flow.in_port, flow.output, flow.ufid)
        for flow in (found.flows if found else ())
        if flow.ufid.startswith(UFID_PREFIX)
    }


def flow_steps(
    name: str,
    goal: set[FlowKey],
    ours: set[Any],
    names: Mapping[int, str],
    assumed: Mapping[str, int],
) -> list[Step]:
    """The steps from the flows that are ``ours`` to those of the ``goal``.

    :param names: names of ports by number, to show them.
    :param assumed: numbers of ports that a dry run takes for granted.
    """
    steps = []
    for op, phase, flows, why in (
        ("disconnect", DISCONNECT, ours - goal, "not declared"),
        ("connect", CONNECT, goal - ours, "declared"),
    ):
        if not flows:
            continue
        order = sorted(flows, key=lambda flow: flow[2])
        shown = [f"{names.get(a, a)} -> {names.get(b, b)}" for a, b, _ufid in order]
        changes = {"flows": (shown, []) if op == "disconnect" else ([], sorted(shown))}
        args = {"flows": tuple(order), "assumed": dict(assumed)}
        steps.append(Step(op, name, why, changes, args, phase, "datapath"))
    return steps
