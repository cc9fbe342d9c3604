# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans back to what was, for the things that a failed run touched; pure.

Of the others only a failed run needs them, so only that one loads them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.ownership import owner_of, token
from ..core.record import replace
from ..core.steps import Plan, Step
from . import resolve
from .datapath_steps import change, creation, delete, flow_steps, our_flows, upcall_pid
from .model import (
    TYPE_INTERNAL,
    TYPE_NETDEV,
    Datapath,
    Link,
    Observed,
    PortState,
    port_states,
)
from .port_steps import LINK, steps_between


def undo_ports(before: Observed, observed: Observed, names: Iterable[str], in_flight: int) -> Plan:
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


def undo_datapaths(
    before: Observed, observed: Observed, names: Iterable[str], in_flight: int
) -> Plan:
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
                steps.append(delete(now, "roll back"))
            continue
        steps += _restore(was, now, before, observed, in_flight)
        if now is None or now.ifindex != was.ifindex:  # deleted, and perhaps made again already
            ports |= {vport.name for vport in was.vports if vport.type != TYPE_INTERNAL}
            steps += _linked_again(was, before, observed)
    steps += undo_ports(before, observed, ports, in_flight)
    return tuple(sorted(steps, key=lambda step: step.phase))


def _restore(
    was: Datapath, now: Datapath | None, before: Observed, observed: Observed, in_flight: int
) -> list[Step]:
    local_was = before.links[was.ifindex]
    steps: list[Step] = []
    if now is None:
        steps.append(creation(was.name, "roll back", local_was.alias, in_flight))
        local_now = Link(0, was.name, mtu=1500, alias=local_was.alias)
    else:
        local_now = observed.links[now.ifindex]
    goal = {
        "up": local_was.up,
        "mtu": local_was.mtu,
        "alias": local_was.alias,
        "upcall_pid": upcall_pid(was),
        "mac": local_was.mac,
        "address": before.addresses.get(was.ifindex, ()),
    }
    addresses = observed.addresses.get(local_now.ifindex, ())
    steps += change(was.name, local_now, addresses, upcall_pid(now), goal, "roll back")
    return steps + flow_steps(was.name, our_flows(was), our_flows(now), {}, {})


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
            steps.append(Step("link", vport.name, "roll back", changes, args, LINK))
    return steps


def _made_by(found: Datapath, observed: Observed, in_flight: int) -> bool:
    """The datapath carries the mark or the token of the owner whose token ``in_flight`` is."""
    local = observed.links.get(found.ifindex)
    owner = owner_of(local.alias if local else "")
    return in_flight in (upcall_pid(found), None if owner is None else token(owner))
