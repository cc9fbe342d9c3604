# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan makes of a snapshot, and how it is undone; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.record import replace
from ..core.steps import Plan, Step
from . import drift, options
from .model import Bridge, Device, Kernel, LocalPort, Observed, Tunnel


def predict(observed: Observed, plan: Plan) -> Observed:
    """The snapshot as it is to be expected after ``plan``."""
    if not plan:
        return observed
    bridges, tunnels = dict(observed.bridges), dict(observed.tunnels)
    for step in plan:
        if step.kind == "bridge" and step.op in ("create", "change"):
            bridges[step.name] = step.args["after"]
        elif step.kind == "bridge" and step.op == "delete":
            del bridges[step.name]
        elif step.kind == "port":
            _port(tunnels, step)
    for name, bridge in bridges.items():
        bridges[name] = replace(bridge, ports=_ports(bridge, observed, tunnels))
    after = replace(
        observed,
        bridges=bridges,
        tunnels={name: row for name, row in tunnels.items() if row.bridge in bridges},
        others={name: row for name, row in observed.others.items() if row.bridge in bridges},
    )
    return after if after.kernel is None else replace(after, kernel=_kernel(observed, after, plan))


def _port(tunnels: dict[str, Tunnel], step: Step) -> None:
    if step.op == "delete":
        del tunnels[step.name]
    elif step.op == "retry":
        tunnels[step.name] = replace(step.args["before"], error="", ofport=None)
    else:
        before, after = step.args.get("before"), step.args["after"]
        ofport = None
        if before is not None and before.options == after.options and not before.broken:
            ofport = before.ofport
        tunnels[step.name] = replace(after, error="", ofport=ofport)


def _ports(bridge: Bridge, observed: Observed, tunnels: dict[str, Tunnel]) -> dict[str, str]:
    """Ports of a bridge; one that does not exist yet has its name in place of a UUID."""
    kept = {
        uuid: name
        for uuid, name in bridge.ports.items()
        if name not in observed.tunnels or name in tunnels
    }
    names = set(kept.values())
    new = {row.name: row.name for row in tunnels.values() if row.bridge == bridge.name}
    return {
        **{uuid: name for uuid, name in kept.items() if _stays(name, bridge, tunnels)},
        **{name: name for name in new if name not in names},
    }


def _stays(name: str, bridge: Bridge, tunnels: dict[str, Tunnel]) -> bool:
    return name not in tunnels or tunnels[name].bridge == bridge.name


def _kernel(observed: Observed, after: Observed, plan: Plan) -> Kernel:
    kernel = after.kernel or Kernel()
    made = drift.believed(observed)
    local = dict(kernel.local)
    devices: dict[int, Device] = {}
    for row in sorted(after.tunnels.values(), key=lambda row: row.broken):
        bridge = after.bridges[row.bridge]
        if bridge.datapath_type != "system":
            continue
        port = options.dst_port(row.options)
        old = kernel.devices.get(port, Device(port))
        # A device that is gone from under others' tunnels alone stays so, and so does what keeps
        # ovs-vswitchd from making one.
        stays = port in made or row.broken
        devices.setdefault(
            port, old if stays else drift.made_from(old, options.extensions(row.options))
        )
    for step in plan:
        if step.kind == "bridge" and step.op == "create":
            local[step.name] = LocalPort(False)
        elif step.kind == "bridge" and step.op == "delete":
            local.pop(step.name, None)
        elif step.kind == "device" and step.args["after"].dst_port in devices:
            devices[step.args["after"].dst_port] = step.args["after"]
        elif step.kind == "bridge" and step.op == "set":
            seen = local.get(step.name, LocalPort(False))
            changes = {name: new for name, (_old, new) in step.changes.items()}
            local[step.name] = LocalPort(
                changes.get("up", seen.up), tuple(changes.get("address", seen.addresses))
            )
    return replace(kernel, devices=devices, local=local)


def plan_back(before: Observed, observed: Observed, done: Sequence[Step]) -> Plan:
    """The steps that undo ``done``; a device that was repaired stays so."""
    last: dict[tuple[str, str], None] = {}
    for step in reversed(done):
        if step.kind != "device" and step.op != "retry":
            last.setdefault((step.kind, step.name))
    rows = {(step.kind, step.name): step.args["rows"] for step in done if step.args.get("rows")}
    steps: list[Step] = []
    for kind, name in last:
        captured = rows.get((kind, name), ())
        if kind == "bridge":
            steps += _bridge_back(before, observed, name, captured)
        else:
            steps += _tunnel_back(before, observed, name, captured)
    steps += _devices_back(before, observed)
    # A bridge comes back before, and goes after, the tunnels on it.
    restored = {step.name for step in steps if step.kind == "bridge" and step.op == "restore"}
    steps = [
        step
        for step in steps
        if not (step.kind == "port" and step.op == "restore" and step.args["bridge"] in restored)
    ]
    order = {"delete": 0, "restore": 1}
    steps.sort(key=lambda step: (step.phase, order.get(step.op, 2), step.kind))
    return tuple(steps)


def _tunnel_back(
    before: Observed, observed: Observed, name: str, rows: Sequence[Any]
) -> Iterator[Step]:
    old, now = before.tunnels.get(name), observed.tunnels.get(name)
    why = "undo"
    if old is None:
        if now is not None:
            yield Step("delete", name, why, args={"before": now})
        return
    if now is None and rows:
        yield Step("restore", name, why, args={"rows": rows, "bridge": old.bridge})
        return
    if now is None:  # the answer with the copies was lost: all that is known is made anew
        yield Step("create", name, why, args={"after": old})
        return
    args = {"before": now, "after": replace(now, columns=old.columns, bridge=old.bridge)}
    if now.columns != old.columns or now.external_ids != old.external_ids:
        args["after"] = replace(args["after"], external_ids=old.external_ids)
        yield Step("change", name, why, args=args)
    if now.bridge != old.bridge:
        yield Step("move", name, why, args=args)


def _bridge_back(
    before: Observed, observed: Observed, name: str, rows: Sequence[Any]
) -> Iterator[Step]:
    old, now = before.bridges.get(name), observed.bridges.get(name)
    why = "undo"
    if old is None:
        if now is not None:
            yield Step("delete", name, why, args={"before": now}, kind="bridge")
        return
    if now is None and not rows:
        yield Step("create", name, why, args={"after": old}, kind="bridge")
        return
    if now is None:
        # A port that was moved away lives on: the bridge's row refers to it by its UUID.
        kept = [row for row in rows if row[0] == "Bridge" or not _exists(row[2], observed)]
        yield Step("restore", name, why, args={"rows": kept}, kind="bridge")
        return
    fields = ("columns", "external_ids", "mtu_request")
    if any(getattr(old, field) != getattr(now, field) for field in fields):
        after = replace(now, **{field: getattr(old, field) for field in fields})
        yield Step("change", name, why, args={"before": now, "after": after}, kind="bridge")
    # A bridge that came back has new devices, without the addresses of the old ones.
    for port in (name, *(port for port in old.ports.values() if port != name)):
        yield from _local_back(before, observed, port)


def _exists(row: Mapping[str, Any], observed: Observed) -> bool:
    return row.get("name") in observed.tunnels or row.get("name") in observed.others


def _devices_back(before: Observed, observed: Observed) -> Iterator[Step]:
    """Devices that were made anew with other extensions: ovs-vswitchd keeps what it finds."""
    if before.kernel is None or observed.kernel is None:
        return
    for port, old in before.kernel.devices.items():
        now = observed.kernel.devices.get(port, Device(port))
        users = [row for row in before.tunnels.values() if options.dst_port(row.options) == port]
        if old.present and now.present and old.extensions != now.extensions and users:
            args = {"before": now, "after": old, "tunnel": users[0].name}
            yield Step("recreate", old.name, "undo", args=args, phase=1, kind="device")


def _local_back(before: Observed, observed: Observed, name: str) -> Iterator[Step]:
    old = before.kernel.local.get(name) if before.kernel else None
    now = observed.kernel.local.get(name) if observed.kernel else None
    if old is None or now is None or old == now:
        return
    changes: dict[str, tuple[Any, Any]] = {}
    if old.up != now.up:
        changes["up"] = (now.up, old.up)
    if set(old.addresses) != set(now.addresses):
        changes["address"] = (list(now.addresses), list(old.addresses))
    if changes:
        yield Step("set", name, "undo", changes, phase=1, kind="bridge")
