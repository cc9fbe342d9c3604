# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps from one state of a port to another; pure.

They come in phases, so that ports may swap VNIs or numbers among themselves: all detaches, then
all deletes, creates, changes, and links last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.record import replace
from ..core.steps import Step
from .attributes import ATTRIBUTES, DF_NAMES
from .model import PortState

DETACH, DELETE, CREATE, CHANGE, LINK = 10, 20, 30, 40, 50


def forced_by(now: PortState, goal: PortState) -> list[str]:
    """The attributes that differ and that a live device does not take."""
    if now.legacy != goal.legacy and (now.datapath is not None or goal.legacy):
        return ["vport_type"]
    reasons = [
        name
        for name, attribute in ATTRIBUTES.items()
        if not attribute.in_place and now.attrs[name] != goal.attrs[name]
    ]
    # A device without any address is an IPv4 one: vxlan_config_validate().
    if (now.family or 4) != (goal.family or 4):
        reasons.append("address family")
    # A new lower device leaves the FDB on the old one and can only lower the MTU: recreate.
    if now.lower != goal.lower:
        reasons.append("dev")
    # The kernel's own vport class deletes the device together with the vport.
    return reasons + relinked_by(now, goal) if now.legacy else reasons


def relinked_by(now: PortState, goal: PortState) -> list[str]:
    """What a linked port cannot take without being detached and linked again."""
    if now.datapath is None or goal.datapath is None:
        return []
    if now.datapath != goal.datapath:
        return ["datapath"]
    return ["port_no"] if goal.port_no not in (None, now.port_no) else []


def changes_between(now: PortState, goal: PortState) -> dict[str, tuple[Any, Any]]:
    """What is changed on the live device, as attribute -> (before, after)."""
    changes: dict[str, tuple[Any, Any]] = {}
    for name, attribute in ATTRIBUTES.items():
        if attribute.in_place and now.attrs[name] != goal.attrs[name]:
            changes[name] = (now.attrs[name], goal.attrs[name])
    for name in ("mtu", "up", "alias", "link_group", "upcall_pid"):
        if getattr(now, name) != getattr(goal, name):
            changes[name] = (getattr(now, name), getattr(goal, name))
    if goal.mac is not None and now.mac != goal.mac:
        changes["mac"] = (now.mac, goal.mac)
    if goal.flood is not None and now.flood != goal.flood:
        changes["remotes"] = (sorted(now.flood or ()), sorted(goal.flood))
    return changes


def steps_between(
    now: PortState | None, goal: PortState | None, why: str, in_flight: int
) -> list[Step]:
    """The steps from one state of a port to another; either may be None: absent."""
    if now is None:
        return [] if goal is None else _creation(goal, why, in_flight)
    if goal is None:
        return _removal(now, why)
    forced = forced_by(now, goal)
    if not forced and now.family is None and goal.family and now.link_group == in_flight:
        forced = ["address family"]  # unknown of a device that a run has just begun to make
    if forced:
        reason = f"recreate: {', '.join(forced)} cannot change on a live device"
        goal = replace(goal, mac=goal.mac or now.mac)
        return _removal(now, reason) + _creation(goal, reason, in_flight)
    relinked = relinked_by(now, goal)
    steps = []
    if now.datapath is not None and (goal.datapath is None or relinked):
        reason = f"{', '.join(relinked)} differs: link again" if relinked else why
        steps.append(_detach(now, reason))
        now = replace(now, datapath=None, port_no=None)
    if now.datapath is None:  # the upcall port comes with the link
        now = replace(now, upcall_pid=goal.upcall_pid)
    changes = changes_between(now, goal)
    if changes:
        args = {"changes": changes, "datapath": goal.datapath, "port_no": goal.port_no}
        reason = "differs from what is declared" if why != "roll back" else why
        steps.append(Step("change", now.name, reason, _shown(changes), args, CHANGE))
    if goal.datapath is not None and now.datapath is None:
        steps.append(_link(goal, "link again" if relinked else "not linked"))
    return steps


def _creation(goal: PortState, why: str, in_flight: int) -> list[Step]:
    args = {"state": goal, "token": in_flight}
    if goal.legacy:
        return [Step("create", goal.name, why + " (the kernel links it itself)", {}, args, CREATE)]
    create = Step("create", goal.name, why, {}, args, CREATE)
    return [create] if goal.datapath is None else [create, _link(goal, why)]


def _link(goal: PortState, why: str) -> Step:
    args = {"datapath": goal.datapath, "port_no": goal.port_no, "upcall_pid": goal.upcall_pid}
    changes = {"datapath": (None, goal.datapath), "port_no": (None, goal.port_no)}
    return Step("link", goal.name, why, changes, args, LINK)


def _detach(now: PortState, why: str) -> Step:
    changes = {"datapath": (now.datapath, None), "port_no": (now.port_no, None)}
    args = {"datapath": now.datapath, "port_no": now.port_no}
    return Step("detach", now.name, why, changes, args, DETACH)


def _removal(now: PortState, why: str) -> list[Step]:
    if now.legacy:
        args = {"datapath": now.datapath, "port_no": now.port_no, "legacy": True}
        return [Step("delete", now.name, why, {}, args, DELETE)]
    steps = [] if now.datapath is None else [_detach(now, why)]
    return [*steps, Step("delete", now.name, why, {}, {"legacy": False}, DELETE)]


def _shown(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Changes in the user's words; what is only ours (the token of a killed run) is named so."""
    shown = dict(changes)
    alias = shown.pop("alias", None)
    if alias is not None:
        shown["mark"] = (alias[0] or None, alias[1] or None)
    if "link_group" in shown or "upcall_pid" in shown:
        shown.pop("link_group", None)
        shown.pop("upcall_pid", None)
        shown["unfinished"] = (True, False)
    if "df" in shown:
        shown["df"] = (DF_NAMES[shown["df"][0]], DF_NAMES[shown["df"][1]])
    return shown
