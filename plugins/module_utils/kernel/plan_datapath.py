# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a set of bare datapaths; pure."""

from __future__ import annotations

from ..core.errors import ConflictError, OwnershipError
from ..core.ownership import mark, owner_of, token
from ..core.steps import Plan, Step
from .connections import connections
from .datapath_steps import change, creation, delete, upcall_pid
from .model import Datapath, DatapathSet, DatapathSpec, Link, Observed


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
    return owner_of(alias) == owner or (not alias and upcall_pid(found) == token(owner))


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


def _removal(spec: DatapathSpec, found: Datapath, observed: Observed, owner: str) -> list[Step]:
    foreign = _foreign(found, observed, owner)
    if foreign and not spec.force:
        raise OwnershipError(
            f"{spec.where}: datapath {spec.name} still has ports that are not marked as ours",
            culprit=", ".join(foreign),
            remedy="remove these ports first, or set 'force: true' to cut them off",
        )
    return [delete(found, "declared absent")]


def _purge(found: Datapath, observed: Observed, owner: str) -> Step:
    foreign = _foreign(found, observed, owner)
    if foreign:
        raise OwnershipError(
            f"datapath {found.name} is ours and not declared, so purge would delete it, but it "
            "still has ports that are not marked as ours",
            culprit=", ".join(foreign),
            remedy="remove these ports first, or declare the datapath",
        )
    return delete(found, "ours and not declared: purge")


def _foreign(found: Datapath, observed: Observed, owner: str) -> list[str]:
    """Ports that are not ours and would lose their datapath."""
    return sorted(
        vport.name
        for vport in found.vports
        if vport.port_no != 0 and not _marked(observed.links.get(vport.ifindex), owner)
    )


def _marked(link: Link | None, owner: str) -> bool:
    return link is not None and owner_of(link.alias) == owner


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
        alias = mark(wanted.owner)
        steps.append(creation(spec.name, "declared present", alias, token(wanted.owner)))
        local = Link(0, spec.name, mtu=1500, alias=alias)
    # What a dry run assumes to be there already is as declared as well.
    if local is not None and not (found and spec.name in wanted.assume):
        addresses = observed.addresses.get(local.ifindex, ()) if found else ()
        goal = {
            "up": spec.up,
            "mtu": local.mtu if spec.mtu is None else spec.mtu,
            "address": addresses if spec.addresses is None else spec.addresses,
            "alias": mark(wanted.owner),
            "upcall_pid": 0,
        }
        why = "differs from the declared"
        steps += change(spec.name, local, addresses, upcall_pid(found), goal, why)
    if spec.connect is not None:
        steps += connections(spec, found, wanted)
    return steps
