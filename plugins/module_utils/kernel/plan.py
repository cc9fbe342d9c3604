# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a set of ports: from a snapshot to what is declared; pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..core.errors import ConflictError
from ..core.ownership import token
from ..core.record import replace
from ..core.steps import Plan
from . import conflicts, resolve
from .model import Observed, PortSet, PortSpec, PortState, port_states
from .port_steps import forced_by, relinked_by, steps_between


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
