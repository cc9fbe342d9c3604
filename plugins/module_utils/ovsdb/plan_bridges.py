# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the plan that is about bridges and their local ports; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core.errors import ConflictError, OwnershipError
from ..core.steps import Step
from . import collisions, view, wanted
from .model import Bridge, BridgeSpec, Desired, Observed


def final(desired: Desired, observed: Observed) -> dict[str, Bridge]:
    """Every bridge as it will be after the plan, by name.

    :raises OwnershipError: a declared bridge is not ours, or a bridge that goes has ports that
        are not. :raises ConflictError: the name belongs to a port, or to somebody else's device.
    """
    found = dict(observed.bridges)
    declared = {spec.name for spec in desired.bridges}
    for spec in desired.bridges:
        seen = observed.bridges.get(spec.name)
        if seen is not None:
            _check_owner(spec, seen, desired.owner)
        elif spec.name in observed.others or spec.name in observed.tunnels:
            raise ConflictError(
                f"{spec.where}: {spec.name} is the name of a port that exists",
                remedy="remove that port, or choose another name",
            )
        if spec.state == "present":
            collisions.check_name(
                spec.where, spec.name, observed.kernel.taken if observed.kernel else {}
            )
            found[spec.name] = wanted.bridge(spec, desired.owner, seen)
        elif seen is not None:
            _check_ports(seen, desired, observed, spec.force)
            del found[spec.name]
    for name, bridge in observed.bridges.items():
        if desired.purge_bridges and name not in declared and bridge.owner == desired.owner:
            _check_ports(bridge, desired, observed, False)
            del found[name]
    return found


def _check_owner(spec: BridgeSpec, seen: Bridge, ours: str) -> None:
    if seen.owner == ours or spec.adopt:
        return
    raise OwnershipError(
        f"{spec.where}: bridge {spec.name} exists and "
        + (f"belongs to owner {seen.owner!r}" if seen.owner else "was not made by this collection"),
        remedy="leave it out of 'bridges' to use it as it is, or set 'adopt: true' to take it over",
    )


def _check_ports(bridge: Bridge, desired: Desired, observed: Observed, force: bool) -> None:
    """A bridge takes its ports with it."""
    ours = {name for name, row in observed.tunnels.items() if row.owner == desired.owner}
    ours |= set(access_ports(bridge, observed, desired.owner))
    foreign = sorted(
        name for name in bridge.ports.values() if name != bridge.name and name not in ours
    )
    if foreign and not force:
        shown = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if foreign[5:] else "")
        raise OwnershipError(
            f"bridge {bridge.name} cannot be removed: it has ports that are not ours",
            culprit=shown,
            remedy="remove these ports first, or declare the bridge absent with 'force: true'",
        )


def access_ports(bridge: Bridge, observed: Observed, owner: str) -> list[str]:
    """Ports on ``bridge`` that ovs_access_port made for the same owner."""
    found = (observed.others.get(name) for name in bridge.ports.values())
    return sorted(
        port.name
        for port in found
        if port and port.owner == owner and port.type == "internal" and port.name != bridge.name
    )


def devices(observed: Observed, owner: str) -> set[str]:
    """Devices that vanish with the bridges of ``owner``: their local and access ports."""
    bridges = [bridge for bridge in observed.bridges.values() if bridge.owner == owner]
    ports = (name for one in bridges for name in access_ports(one, observed, owner))
    return {*(bridge.name for bridge in bridges), *ports}


def steps(desired: Desired, observed: Observed, bridges: Mapping[str, Bridge]) -> Iterator[Step]:
    """Create, change and delete bridges, in the database."""
    for name, bridge in observed.bridges.items():
        if name not in bridges:
            named = any(spec.name == name for spec in desired.bridges)
            why = (
                "declared absent" if named else "carries the mark of this owner and is not declared"
            )
            yield Step(
                "delete",
                name,
                why,
                _with_it(bridge, desired, observed),
                {"before": bridge},
                0,
                "bridge",
            )
    for spec in desired.bridges:
        if spec.state != "present":
            continue
        after, seen = bridges[spec.name], observed.bridges.get(spec.name)
        if seen is None:
            args: dict[str, Any] = {"after": after}
            yield Step("create", spec.name, "declared and absent", args=args, kind="bridge")
        elif _differs(seen, after):
            changes = view.changes(view.bridge(seen), view.bridge(after))
            args = {"before": seen, "after": after}
            why = "differs from what is declared"
            yield Step("change", spec.name, why, changes, args, kind="bridge")


def _with_it(bridge: Bridge, desired: Desired, observed: Observed) -> dict[str, tuple[Any, Any]]:
    """The ports that go with a bridge, besides our tunnels: their deletion is a step each."""
    ours = {name for name, row in observed.tunnels.items() if row.owner == desired.owner}
    others = sorted(set(bridge.ports.values()) - ours - {bridge.name})
    return {"ports": (others, [])} if others else {}


def _differs(seen: Bridge, after: Bridge) -> bool:
    return (
        view.bridge(seen) != view.bridge(after)
        or seen.external_ids != after.external_ids
        or seen.mtu_request != after.mtu_request
    )


def local_steps(desired: Desired, observed: Observed, phase: int) -> Iterator[Step]:
    """Addresses and the up state of local ports, in the kernel."""
    if observed.kernel is None:
        return
    for spec in desired.bridges:
        if spec.state != "present":
            continue
        seen = observed.kernel.local.get(spec.name)
        changes: dict[str, tuple[Any, Any]] = {}
        if spec.up is not None and spec.up != (seen.up if seen else False):
            changes["up"] = (seen.up if seen else False, spec.up)
        addresses = seen.addresses if seen else ()
        if spec.addresses is not None and set(spec.addresses) != set(addresses):
            changes["address"] = (list(addresses), list(spec.addresses))
        if changes:
            why = "local port differs from what is declared"
            yield Step("set", spec.name, why, changes, {"spec": spec}, phase, kind="bridge")
