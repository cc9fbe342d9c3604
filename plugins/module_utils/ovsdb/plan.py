# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: from what was read and what is declared to steps; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core.errors import ConflictError, OwnershipError
from ..core.steps import Plan, Step
from . import collisions, drift, options, plan_bridges, view, wanted
from .model import Bridge, Desired, Observed, Tunnel, TunnelSpec

# Steps of the database are one transaction; those of the kernel come after it, or have to be early.
EARLY, DATABASE, KERNEL = -1, 0, 1
NOT_DECLARED = "carries the mark of this owner and is not declared"


def plan_all(desired: Desired, observed: Observed, retry: bool = True) -> Plan:
    """The steps to what is declared: deletes, bridges, tunnels, then the kernel.

    :param retry: ask ovs-vswitchd once more for declared tunnels that it has refused.
    :raises ConflictError: a collision, a missing bridge. :raises OwnershipError: not ours.
    """
    bridges = plan_bridges.final(desired, observed)
    deletes = {step.name: step for step in _deletes(desired, observed, bridges)}
    tunnels = _wanted(desired, observed, bridges)
    steps = list(deletes.values())
    steps += plan_bridges.steps(desired, observed, bridges)
    for name, after in tunnels.items():
        steps += _tunnel_steps(observed.tunnels.get(name), after, retry)
    kept = {name: row for name, row in observed.tunnels.items() if name not in deletes}
    collisions.check({**kept, **tunnels}, tunnels, bridges, observed.others.values())
    in_kernel = [row for row in tunnels.values() if bridges[row.bridge].datapath_type == "system"]
    fresh = {step.name for step in steps if step.kind == "port" and "after" in step.args}
    collisions.check_host(observed, [row for row in in_kernel if row.name in fresh])
    early = _early(observed, bridges, {**kept, **tunnels}, tunnels)
    # What was refused, and is not tried again, has no device to look at.
    tried = {step.name for step in steps if step.kind == "port"}
    alive = [row for row in in_kernel if row.name in tried or not row.broken]
    steps += drift.steps(drift.repaired(observed, early), alive, desired.owner, KERNEL)
    steps += plan_bridges.local_steps(desired, observed, KERNEL)
    return (*early, *steps)


def _early(
    observed: Observed,
    bridges: Mapping[str, Bridge],
    rows: Mapping[str, Tunnel],
    tunnels: Mapping[str, Tunnel],
) -> Plan:
    """Repairs that come before the transaction: where it makes devices in the datapath."""
    system = {name for name, one in bridges.items() if one.datapath_type == "system"}
    after = [row for row in rows.values() if row.bridge in system]
    ports = {options.dst_port(row.options) for row in after}
    if ports <= drift.believed(observed) and system <= set(observed.bridges):
        return ()
    return tuple(drift.early_steps(observed, after, tunnels, EARLY))


def check_owner(what: str, name: str, owner: str | None, ours: str, adopt: bool) -> None:
    """Raise OwnershipError where ``name`` is not marked as ours and not adopted."""
    if owner == ours or adopt:
        return
    raise OwnershipError(
        f"{what} {name} exists and "
        + (f"belongs to owner {owner!r}" if owner else "was not made by this collection"),
        remedy="set 'adopt: true' to take it over on purpose, or choose another name",
    )


def _check_name(spec: TunnelSpec, observed: Observed) -> None:
    other = observed.others.get(spec.name)
    if other is not None:
        raise ConflictError(
            f"{spec.where}: port {spec.name} exists on bridge {other.bridge} and is no VXLAN "
            f"tunnel (type {other.type or 'system'})",
            remedy="remove that port, or choose another name",
        )


def _check_shape(spec: TunnelSpec, seen: Tunnel) -> None:
    if seen.interfaces > 1 or seen.port_name != seen.name:
        raise ConflictError(
            f"{spec.where}: interface {spec.name} is a member of port {seen.port_name}, a bond",
            remedy="choose another name: a bond is not touched",
        )


def _deletes(desired: Desired, observed: Observed, bridges: Mapping[str, Bridge]) -> Iterator[Step]:
    declared = {spec.name for spec in desired.tunnels}
    for spec in desired.tunnels:
        seen = observed.tunnels.get(spec.name)
        if spec.state != "absent":
            continue
        if seen is None:
            _check_name(spec, observed)
            continue
        _check_shape(spec, seen)
        check_owner("tunnel", spec.name, seen.owner, desired.owner, spec.adopt)
        yield _delete(seen, "declared absent")
    for name, row in observed.tunnels.items():
        if name in declared or row.owner != desired.owner or row.interfaces > 1:
            continue
        if desired.purge:
            yield _delete(row, NOT_DECLARED)
        elif row.bridge not in bridges:
            yield _delete(row, f"its bridge {row.bridge} goes")


def _delete(row: Tunnel, why: str) -> Step:
    return Step("delete", row.name, why, args={"before": row}, phase=DATABASE)


def _wanted(
    desired: Desired, observed: Observed, bridges: Mapping[str, Bridge]
) -> dict[str, Tunnel]:
    """Every declared present tunnel as it is to be, by name."""
    found: dict[str, Tunnel] = {}
    for spec in desired.tunnels:
        if spec.state != "present":
            continue
        if spec.bridge not in bridges:
            raise ConflictError(
                f"{spec.where}: bridge {spec.bridge} does not exist",
                remedy="declare it in 'bridges', or create it first",
            )
        _check_name(spec, observed)
        seen = observed.tunnels.get(spec.name)
        if seen is not None:
            _check_shape(spec, seen)
            check_owner("tunnel", spec.name, seen.owner, desired.owner, spec.adopt)
        found[spec.name] = wanted.tunnel(spec, desired.owner, seen)
    return found


def _tunnel_steps(seen: Tunnel | None, after: Tunnel, retry: bool) -> Iterator[Step]:
    if seen is None:
        args: dict[str, Any] = {"after": after}
        yield Step("create", after.name, "declared and absent", args=args, phase=DATABASE)
        return
    args = {"before": seen, "after": after}
    if seen.columns != after.columns or seen.external_ids != after.external_ids:
        yield Step(
            "change",
            after.name,
            "differs from what is declared",
            view.changes(*_comparable(seen, after), view.changed_secrets(seen, after)),
            args,
            DATABASE,
        )
    if seen.bridge != after.bridge:
        why = f"is on bridge {seen.bridge}, declared on {after.bridge}"
        yield Step("move", after.name, why, {"bridge": (seen.bridge, after.bridge)}, args, DATABASE)
    elif seen.broken and retry and seen.columns == after.columns:
        why = f"ovs-vswitchd refused it: {seen.error or 'no reason given'}"
        yield Step("retry", after.name, why, args={"before": seen}, phase=DATABASE)


def _comparable(seen: Tunnel, after: Tunnel) -> tuple[dict[str, Any], dict[str, Any]]:
    """Views of both without what is no configuration, or has a step of its own."""
    views = (view.tunnel(seen), view.tunnel(after))
    for found in views:
        found.pop("error", None)
        found.pop("bridge")
    return views
