# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a set of bare datapaths; pure.

A cross-connect is two wildcard flows. A flow of ours is known by its UFID, which starts with
UFID_PREFIX; flows with another UFID, or none, are never touched.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from ..core.errors import ConflictError, EnvironmentProblem, OwnershipError
from ..core.ownership import mark, owner_of, token
from ..core.steps import Plan, Step
from . import plan as port_plan
from .model import (
    TYPE_INTERNAL,
    TYPE_NETDEV,
    UFID_PREFIX,
    Datapath,
    DatapathSet,
    DatapathSpec,
    Link,
    Observed,
    port_states,
)

# Before the ports of port_plan, which a rollback creates and links in the same plan.
DISCONNECT, CREATE, CHANGE, CONNECT, DELETE = 10, 25, 40, 60, 90
FlowKey = tuple[int, int, bytes]


def ufid(in_port: int, output: int) -> bytes:
    """16 bytes that make a flow ours: prefix, in port, output, padding."""
    return UFID_PREFIX + struct.pack(">HHH", in_port & 0xFFFF, output & 0xFFFF, 0)


def plan_datapaths(wanted: DatapathSet, observed: Observed) -> Plan:
    """The steps that bring every declared datapath to its state, and purge ours besides.

    :raises ConflictError, OwnershipError, EnvironmentProblem: it cannot be done; naming why.
    """
    steps: list[Step] = []
    for spec in wanted.specs:
        found = observed.datapaths.get(spec.name)
        if found is not None:
            claim(spec, found, observed, wanted.owner)
        if spec.state == "absent":
            if found is not None:
                steps += _removal(spec, found, observed, wanted.owner)
        else:
            steps += _presence(spec, found, observed, wanted)
    if wanted.purge:
        declared = {spec.name for spec in wanted.specs}
        for name, found in observed.datapaths.items():
            if name not in declared and is_ours(found, observed, wanted.owner):
                steps.append(_purge(found, observed, wanted.owner))
    return tuple(sorted(steps, key=lambda step: step.phase))


def is_ours(found: Datapath, observed: Observed, owner: str) -> bool:
    """The local port carries the mark of ``owner``, or the token of a killed run of it."""
    local = observed.links.get(found.ifindex)
    alias = local.alias if local else ""
    if found.vswitchd:
        return False
    return owner_of(alias) == owner or (not alias and _upcall(found) == token(owner))


def claim(spec: DatapathSpec, found: Datapath, observed: Observed, owner: str) -> None:
    """Raise OwnershipError unless the declared datapath may be touched."""
    if found.vswitchd:
        raise OwnershipError(
            f"{spec.where}: datapath {spec.name} is owned by ovs-vswitchd",
            culprit="ovs-vswitchd",
            remedy="manage its bridges instead, for example by tunnelmesh.ovs.ovs_vxlan_tunnel",
        )
    if spec.adopt or is_ours(found, observed, owner):
        return
    local = observed.links.get(found.ifindex)
    other = owner_of(local.alias if local else "")
    raise OwnershipError(
        f"{spec.where}: datapath {spec.name} exists and is not marked as ours",
        culprit=f"it belongs to owner {other!r}, this task's owner is {owner!r}"
        if other
        else "it was made by hand or by another program",
        remedy="set 'adopt: true' to take it over on purpose, or choose another name",
    )


def _upcall(found: Datapath) -> int:
    return next((vport.upcall_pid for vport in found.vports if vport.port_no == 0), 0)


def _removal(spec: DatapathSpec, found: Datapath, observed: Observed, owner: str) -> list[Step]:
    foreign = _foreign(found, observed, owner)
    if foreign and not spec.force:
        raise OwnershipError(
            f"{spec.where}: datapath {spec.name} still has ports that are not marked as ours",
            culprit=", ".join(foreign),
            remedy="remove these ports first, or set 'force: true' to cut them off",
        )
    return [_delete(found, "declared absent")]


def _purge(found: Datapath, observed: Observed, owner: str) -> Step:
    foreign = _foreign(found, observed, owner)
    if foreign:
        raise OwnershipError(
            f"datapath {found.name} is ours and not declared, so purge would delete it, but it "
            "still has ports that are not marked as ours",
            culprit=", ".join(foreign),
            remedy="remove these ports first, or declare the datapath",
        )
    return _delete(found, "ours and not declared: purge")


def _foreign(found: Datapath, observed: Observed, owner: str) -> list[str]:
    """Ports that are not ours and would lose their datapath."""
    return sorted(
        vport.name
        for vport in found.vports
        if vport.port_no != 0 and not _marked(observed.links.get(vport.ifindex), owner)
    )


def _marked(link: Link | None, owner: str) -> bool:
    return link is not None and owner_of(link.alias) == owner


def _delete(found: Datapath, why: str) -> Step:
    """NETDEV devices survive detached; legacy and internal ones die (ovs_dp_destroy())."""
    kept = [vport.name for vport in found.vports if vport.type == TYPE_NETDEV]
    lost = [
        vport.name for vport in found.vports if vport.port_no != 0 and vport.type != TYPE_NETDEV
    ]
    if kept:
        why += f"; detaches {', '.join(kept)}"
    if lost:
        why += f"; deletes {', '.join(lost)}"
    return Step("delete", found.name, why, {}, {}, DELETE, "datapath")


def _presence(
    spec: DatapathSpec, found: Datapath | None, observed: Observed, wanted: DatapathSet
) -> list[Step]:
    assumed = found is None and spec.name in wanted.assume
    local = observed.links.get(found.ifindex) if found else None
    steps: list[Step] = []
    if found is None and not assumed:
        link = observed.link(spec.name)
        if link is not None:
            raise ConflictError(
                f"{spec.where}: the name {spec.name} is taken by another device",
                culprit=f"{spec.name} is a device of kind {link.kind or 'physical'}",
                remedy="choose another name, or remove that device first",
            )
        args = {"token": token(wanted.owner), "alias": mark(wanted.owner)}
        steps.append(Step("create", spec.name, "declared present", {}, args, CREATE, "datapath"))
        local = Link(0, spec.name, mtu=1500, alias=mark(wanted.owner))
    # What a dry run assumes to be there already is as declared as well.
    if local is not None and not (found and spec.name in wanted.assume):
        addresses = observed.addresses.get(local.ifindex, ()) if found else ()
        upcall = _upcall(found) if found else 0
        goal = {
            "up": spec.up,
            "mtu": local.mtu if spec.mtu is None else spec.mtu,
            "address": addresses if spec.addresses is None else spec.addresses,
            "alias": mark(wanted.owner),
            "upcall_pid": 0,
        }
        steps += _change(spec.name, local, addresses, upcall, goal, "differs from the declared")
    if spec.connect is not None:
        steps += _connections(spec, found, wanted)
    return steps


def _change(
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


def _connections(spec: DatapathSpec, found: Datapath | None, wanted: DatapathSet) -> list[Step]:
    numbers, assumed = _numbers(spec, found, wanted)
    names = {number: name for name, number in numbers.items()}
    names.update((vport.port_no, vport.name) for vport in (found.vports if found else ()))
    goal: dict[FlowKey, None] = {}
    for first, second in spec.connect or ():
        a, b = numbers[first], numbers[second]
        goal[a, b, ufid(a, b)] = None
        goal[b, a, ufid(b, a)] = None
    ours, taken = set(), set()
    for flow in found.flows if found else ():
        if flow.ufid.startswith(UFID_PREFIX):
            ours.add((flow.in_port, flow.output, flow.ufid))
        elif flow.wildcard:
            taken.add(flow.in_port)
    blocked = sorted({key[0] for key in goal if key not in ours} & taken)
    if blocked:
        raise ConflictError(
            f"{spec.where}: datapath {spec.name} has a wildcard flow that is not ours",
            culprit="for in-port " + ", ".join(names.get(port, str(port)) for port in blocked),
            remedy=f"remove it: ovs-dpctl del-flow {spec.name} 'in_port({blocked[0]}),eth()'",
        )
    return _flow_steps(spec.name, set(goal), ours, names, assumed)


def _numbers(
    spec: DatapathSpec, found: Datapath | None, wanted: DatapathSet
) -> tuple[dict[str, int], dict[str, int]]:
    """Port numbers of the ends of all connections.

    Assumed ports get what the kernel will give them: the lowest free ones (ovs_vport_cmd_new(),
    net/openvswitch/datapath.c).
    """
    by_name = {vport.name: vport.port_no for vport in found.vports} if found else {spec.name: 0}
    by_number = {str(number): number for number in by_name.values()}
    free = (number for number in itertools.count(1) if str(number) not in by_number)
    numbers: dict[str, int] = {}
    assumed: dict[str, int] = {}
    for pair in spec.connect or ():
        for end in pair:
            number = by_name.get(end, by_number.get(end))
            if number is None and end in wanted.assume:
                number = assumed.get(end) or next(free)
                assumed[end] = number
            if number is None and end == spec.name:
                number = 0
            if number is None:
                raise EnvironmentProblem(
                    f"{spec.where}: datapath {spec.name} has no port {end}",
                    remedy="create and link it first with tunnelmesh.ovs.ovs_vxlan_port",
                )
            numbers[end] = number
    _check_distinct(spec, numbers)
    return numbers, assumed


def _check_distinct(spec: DatapathSpec, numbers: Mapping[str, int]) -> None:
    """A name and a number may mean one port, which can have one connection."""
    ends: dict[int, str] = {}
    for end, number in numbers.items():
        other = ends.setdefault(number, end)
        if other != end:
            raise ConflictError(
                f"{spec.where}: {other} and {end} are the same port",
                remedy="connect every port to exactly one other port",
            )


def _flow_steps(
    name: str,
    goal: set[FlowKey],
    ours: set[Any],
    names: Mapping[int, str],
    assumed: Mapping[str, int],
) -> list[Step]:
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


def plan_back(before: Observed, observed: Observed, names: Iterable[str], in_flight: int) -> Plan:
    """The steps that bring the named datapaths and VXLAN ports back to ``before``.

    What was not there and is not of the owner of ``in_flight`` is somebody else's by now.
    """
    steps: list[Step] = []
    names = set(names)
    ports = names & set(port_states(before))
    for name in sorted(names):
        was, now = before.datapaths.get(name), observed.datapaths.get(name)
        if was is None:
            if now is not None and _made_by(now, observed, in_flight):
                steps.append(_delete(now, "roll back"))
            continue
        steps += _restore(was, now, before, observed, in_flight)
        if now is None or now.ifindex != was.ifindex:  # deleted, and perhaps made again already
            ports |= {vport.name for vport in was.vports if vport.type != TYPE_INTERNAL}
            steps += _linked_again(was, before, observed)
    steps += port_plan.plan_back(before, observed, ports, in_flight)
    return tuple(sorted(steps, key=lambda step: step.phase))


def _made_by(found: Datapath, observed: Observed, in_flight: int) -> bool:
    """The datapath carries the mark or the token of the owner whose token ``in_flight`` is."""
    local = observed.links.get(found.ifindex)
    owner = owner_of(local.alias if local else "")
    return in_flight in (_upcall(found), None if owner is None else token(owner))


def _linked_again(was: Datapath, before: Observed, observed: Observed) -> list[Step]:
    """Devices that are no VXLAN devices and survived the deletion of their datapath."""
    steps = []
    for vport in was.vports:
        link = observed.link(vport.name)
        if vport.type != TYPE_NETDEV or before.links[vport.ifindex].kind == "vxlan":
            continue
        if link is not None and not link.master:
            args = {"datapath": was.name, "port_no": vport.port_no, "upcall_pid": vport.upcall_pid}
            changes = {"datapath": (None, was.name), "port_no": (None, vport.port_no)}
            steps.append(Step("link", vport.name, "roll back", changes, args, port_plan.LINK))
    return steps


def _restore(
    was: Datapath, now: Datapath | None, before: Observed, observed: Observed, in_flight: int
) -> list[Step]:
    local_was = before.links[was.ifindex]
    steps: list[Step] = []
    if now is None:
        args = {"token": in_flight, "alias": local_was.alias}
        steps.append(Step("create", was.name, "roll back", {}, args, CREATE, "datapath"))
        local_now = Link(0, was.name, mtu=1500, alias=local_was.alias)
    else:
        local_now = observed.links[now.ifindex]
    goal = {
        "up": local_was.up,
        "mtu": local_was.mtu,
        "alias": local_was.alias,
        "upcall_pid": _upcall(was),
        "mac": local_was.mac,
        "address": before.addresses.get(was.ifindex, ()),
    }
    addresses = observed.addresses.get(local_now.ifindex, ())
    upcall = _upcall(now) if now else 0
    steps += _change(was.name, local_now, addresses, upcall, goal, "roll back")
    return steps + _flow_steps(was.name, _our_flows(was), _our_flows(now), {}, {})


def _our_flows(found: Datapath | None) -> set[Any]:
    return {
        (flow.in_port, flow.output, flow.ufid)
        for flow in (found.flows if found else ())
        if flow.ufid.startswith(UFID_PREFIX)
    }
