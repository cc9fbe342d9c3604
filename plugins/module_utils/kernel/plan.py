# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a set of ports: from a snapshot to what is declared; pure.

Steps come in phases, so that ports may swap VNIs or numbers among themselves: all detaches,
then all deletes, creates, changes, and links last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ..core.errors import ConflictError
from ..core.ownership import token
from ..core.record import replace
from ..core.steps import Plan, Step
from . import conflicts, resolve
from .attributes import ATTRIBUTES, DF_NAMES
from .model import Observed, PortSet, PortSpec, PortState, port_states

DETACH, DELETE, CREATE, CHANGE, LINK = 10, 20, 30, 40, 50


def plan_ports(
    wanted: PortSet, observed: Observed, had: Mapping[str, tuple[str, int]] = MappingProxyType({})
) -> Plan:
    """The steps that bring every declared port to its state, and purge what is ours besides.

    :param had: datapath and number that a port had before this run, by name. After a lost race
        the port may have neither, and flows still lead to that number.
    :raises ConflictError, OwnershipError, EnvironmentProblem: it cannot be done; naming why.
    """
    current = port_states(observed)
    targets: dict[str, PortState | None] = {}
    for spec in wanted.specs:
        now = current.get(spec.name)
        resolve.check_kind(spec, observed.link(spec.name))
        if now is not None:
            resolve.claim(spec, now, wanted.owner)
        if spec.state == "absent":
            targets[spec.name] = None
        else:
            targets[spec.name] = resolve.target(spec, wanted, observed, now)
            _check_master(spec, observed)
    purged = [
        name
        for name, state in current.items()
        if wanted.purge and name not in targets and resolve.is_ours(state, wanted.owner)
    ]
    targets.update((name, None) for name in purged)
    numbered = _number(wanted.specs, targets, current, observed, had)
    why = {spec.name: f"declared {spec.state}" for spec in wanted.specs}
    why.update((name, "ours and not declared: purge") for name in purged)
    _check_recreate(wanted, numbered, current)
    _check_collisions(numbered, current, observed)
    steps = [
        step
        for name, goal in numbered.items()
        for step in steps_between(current.get(name), goal, why[name], token(wanted.owner))
    ]
    return tuple(sorted(steps, key=lambda step: step.phase))


def plan_back(before: Observed, observed: Observed, names: Iterable[str], in_flight: int) -> Plan:
    """The steps that bring the named ports back to what they were in ``before``.

    What was not there and is not of the owner of ``in_flight`` is somebody else's by now.
    """
    was, now = port_states(before), port_states(observed)
    names = {n for n in names if n in was or n not in now or resolve.made_by(now[n], in_flight)}
    steps = [
        step
        for name in sorted(names)
        for step in steps_between(
            _as_found(now.get(name), was.get(name), before, observed, in_flight),
            was.get(name),
            "roll back",
            in_flight,
        )
    ]
    return tuple(sorted(steps, key=lambda step: step.phase))


def _as_found(
    now: PortState | None,
    was: PortState | None,
    before: Observed,
    observed: Observed,
    in_flight: int,
) -> PortState | None:
    """A port as it is; one made anew counts as begun while nothing tells its family."""
    if now is None or was is None or now.family is not None or was.family is None:
        return now
    old, new = before.link(now.name), observed.link(now.name)
    made_anew = old is not None and new is not None and old.ifindex != new.ifindex
    return replace(now, link_group=in_flight) if made_anew else now


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


def _number(
    specs: tuple[PortSpec, ...],
    targets: Mapping[str, PortState | None],
    current: Mapping[str, PortState],
    observed: Observed,
    had: Mapping[str, tuple[str, int]],
) -> dict[str, PortState | None]:
    """Give every linked target its port number: the declared one, its own, or the lowest free."""
    numbers = resolve.Numbers(dict(observed.datapaths))
    where = {spec.name: spec.where for spec in specs}
    for name, goal in targets.items():
        now = current.get(name)
        if now is None or now.datapath is None or now.port_no is None:
            continue
        if goal is None or (goal.datapath, goal.port_no) != (now.datapath, now.port_no):
            numbers.release(now.datapath, now.port_no)
    numbered = dict(targets)
    for name, goal in targets.items():
        if goal is not None and goal.datapath and goal.port_no is not None:
            numbers.take(where[name], goal.datapath, goal.port_no, name)
    for name, goal in targets.items():
        if goal is not None and goal.datapath and goal.port_no is None:
            datapath, own = had.get(name, ("", 0))
            if datapath != goal.datapath or not numbers.take_free(datapath, own, name):
                own = numbers.lowest(where[name], goal.datapath, name)
            numbered[name] = replace(goal, port_no=own)
    return numbered


def _check_master(spec: PortSpec, observed: Observed) -> None:
    """A device that is a port of a bridge or bond cannot be linked: EBUSY."""
    link = observed.link(spec.name)
    if spec.state != "present" or link is None or not link.master:
        return
    if link.slave_kind != "openvswitch":
        master = observed.links.get(link.master)
        raise ConflictError(
            f"{spec.where}: {spec.name} is enslaved and cannot be linked to a datapath",
            culprit=f"master {master.name if master else link.master} ({link.slave_kind})",
            remedy=f"free it first: ip link set dev {spec.name} nomaster",
        )


def _check_recreate(
    wanted: PortSet,
    targets: Mapping[str, PortState | None],
    current: Mapping[str, PortState],
) -> None:
    for spec in wanted.specs:
        now, goal = current.get(spec.name), targets[spec.name]
        if spec.recreate or now is None or goal is None:
            continue
        if resolve.is_unfinished(now, wanted.owner):  # it never carried anything
            continue
        reasons = forced_by(now, goal) or relinked_by(now, goal)
        if reasons:
            raise ConflictError(
                f"{spec.where}: {', '.join(reasons)} cannot change without interrupting the port, "
                "and recreate is 'never'",
                remedy="set 'recreate: auto', or declare the value that the port has",
            )


def _check_collisions(
    targets: Mapping[str, PortState | None],
    current: Mapping[str, PortState],
    observed: Observed,
) -> None:
    """Refuse what the kernel would refuse half-way: VNI, UDP port and socket collisions."""
    wanted = {name: goal for name, goal in targets.items() if goal is not None}
    final = {name: state for name, state in current.items() if name not in targets}
    final.update(wanted)
    fresh = []
    for name, goal in wanted.items():
        now = current.get(name)
        if now is None or forced_by(now, goal) or (goal.up and not now.up):
            fresh.append(name)
    conflicts.check(wanted, fresh, final)
    held = conflicts.check_udp(observed, wanted, [name for name in fresh if wanted[name].up])
    if held is not None:
        name, port = held
        raise ConflictError(
            f"{name}: UDP port {port} is held by another program or device",
            remedy=f"stop what holds UDP port {port}, or choose another dst_port",
            udp_port=port,
        )
