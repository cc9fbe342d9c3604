# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about access ports, and what comes of it; pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from ..core.errors import EnvironmentProblem, OwnershipError
from ..core.steps import Plan, Step
from ..ovsdb.collisions import check_name
from .model import Observed, Port, Spec


def plan(
    specs: Sequence[Spec],
    observed: Observed,
    owner: str,
    purge: bool = False,
    assume: Collection[str] = (),
) -> Plan:
    """The steps from ``observed`` to ``specs``; deletes come first.

    :raises OwnershipError: a port of that name exists and is not ours.
    :raises ConflictError: a device of that name exists that Open vSwitch has not made.
    :raises EnvironmentProblem: the bridge does not exist.
    """
    deletes: list[Step] = []
    others: list[Step] = []
    for spec in specs:
        found = observed.ports.get(spec.name)
        _require_ours(spec, found, owner)
        if spec.present:
            check_name(spec.where, spec.name, observed.taken)
        if found and (not spec.present or found.bridge != spec.bridge):
            why = "declared absent" if not spec.present else f"moves to bridge {spec.bridge}"
            deletes.append(_delete(found, why))
            found = None
        if spec.present:
            others += _present(spec, found, observed, owner, assume)
    if purge:
        declared = {spec.name for spec in specs}
        deletes += [
            _delete(port, "ours and not declared: purge")
            for port in observed.ports.values()
            if _ours(port, owner) and port.name not in declared
        ]
    return (*deletes, *others)


def _ours(port: Port, owner: str) -> bool:
    """Tunnels and the local ports of bridges can carry the same mark; they are not ours."""
    return port.owner == owner and port.kind == "internal" and port.name != port.bridge


def _require_ours(spec: Spec, found: Port | None, owner: str) -> None:
    if found is None or _ours(found, owner):
        return
    if found.kind != "internal" or found.name == found.bridge:
        whose = f"it is of type {found.kind or 'system'}, or the bridge's own port"
    else:
        whose = f"it belongs to owner {found.owner}" if found.owner else "it has no mark of ours"
    raise OwnershipError(
        f"{spec.where}: a port {spec.name} exists on bridge {found.bridge} and is not ours",
        culprit=whose,
        remedy="choose another name, or remove that port first",
    )


def _delete(found: Port, why: str) -> Step:
    return Step("delete", found.name, why, args={"before": found})


def _present(
    spec: Spec, found: Port | None, observed: Observed, owner: str, assume: Collection[str]
) -> list[Step]:
    if found is None:
        if spec.bridge not in observed.bridges and spec.bridge not in assume:
            raise EnvironmentProblem(
                f"{spec.where}: there is no bridge {spec.bridge}",
                remedy="create it first with tunnelmesh.ovs.ovs_vxlan_tunnel",
            )
        return [Step("create", spec.name, "declared present", args={"spec": spec, "owner": owner})]
    changes: dict[str, tuple[Any, Any]] = {}
    if found.tag != spec.tag:
        changes["tag"] = (found.tag, spec.tag)
    if spec.mtu is not None and {found.requested_mtu, found.mtu} != {spec.mtu}:
        changes["mtu"] = (found.mtu, spec.mtu)
    if not found.up:
        changes["up"] = (False, True)
    if spec.addresses is not None and set(found.addresses) != set(spec.addresses):
        changes["address"] = (sorted(found.addresses), sorted(spec.addresses))
    if not changes:
        return []
    args = {"spec": spec, "before": found}
    return [Step("change", spec.name, "differs from what is declared", changes, args)]


def plan_back(before: Observed, observed: Observed, done: Sequence[Step], owner: str) -> Plan:
    """The steps that bring the ports of ``done`` back to ``before``."""
    names = {step.name for step in done}
    return plan(
        [_as_it_was(name, before.ports.get(name)) for name in sorted(names)], observed, owner
    )


def _as_it_was(name: str, port: Port | None) -> Spec:
    if port is None:
        return Spec(name, name, present=False)
    return Spec(name, name, port.bridge, port.tag or 0, port.requested_mtu, port.addresses)


def predict(observed: Observed, steps: Plan) -> Observed:
    """What it looks like after ``steps``."""
    ports = dict(observed.ports)
    for step in steps:
        if step.op == "delete":
            del ports[step.name]
            continue
        spec: Spec = step.args["spec"]
        port = ports.get(spec.name) or Port(
            spec.name, spec.bridge, "internal", spec.tag, step.args["owner"]
        )
        ports[spec.name] = replace(
            port,
            tag=spec.tag,
            up=True,
            requested_mtu=port.requested_mtu if spec.mtu is None else spec.mtu,
            mtu=port.mtu if spec.mtu is None else spec.mtu,
            addresses=port.addresses if spec.addresses is None else spec.addresses,
        )
    return replace(observed, ports=ports)
