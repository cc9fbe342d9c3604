# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cross-connects of a declared datapath; pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from ..core.errors import ConflictError, EnvironmentProblem
from ..core.steps import Step
from .datapath_steps import FlowKey, flow_steps, our_flows, ufid
from .model import UFID_PREFIX, Datapath, DatapathSet, DatapathSpec


def connections(spec: DatapathSpec, found: Datapath | None, wanted: DatapathSet) -> list[Step]:
    """The flows that come and go for ``connect`` of one datapath.

    :raises ConflictError: a flow of others is in the way, or two ends are one port.
    :raises EnvironmentProblem: there is no such port.
    """
    numbers, assumed = _numbers(spec, found, wanted)
    names = {number: name for name, number in numbers.items()}
    names.update((vport.port_no, vport.name) for vport in (found.vports if found else ()))
    goal: dict[FlowKey, None] = {}
    for first, second in spec.connect or ():
        a, b = numbers[first], numbers[second]
        goal[a, b, ufid(a, b)] = None
        goal[b, a, ufid(b, a)] = None
    ours = our_flows(found)
    taken = {
        flow.in_port
        for flow in (found.flows if found else ())
        if flow.wildcard and not flow.ufid.startswith(UFID_PREFIX)
    }
    blocked = sorted({key[0] for key in goal if key not in ours} & taken)
    if blocked:
        raise ConflictError(
            f"{spec.where}: datapath {spec.name} has a wildcard flow that is not ours",
            culprit="for in-port " + ", ".join(names.get(port, str(port)) for port in blocked),
            remedy=f"remove it: ovs-dpctl del-flow {spec.name} 'in_port({blocked[0]}),eth()'",
        )
    return flow_steps(spec.name, set(goal), ours, names, assumed)


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
