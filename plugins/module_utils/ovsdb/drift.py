# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel drift: what happened to ``vxlan_sys_*`` devices behind the back of ovs-vswitchd; pure.

ovs-vswitchd looks at a device of its own only when it makes it. Deleted, detached or set down,
the device stays so, while the database goes on saying that all is well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..core.errors import EnvironmentProblem
from ..core.record import replace
from ..core.steps import Plan, Step
from . import options, view
from .model import Device, Observed, Tunnel

SYSTEM = "ovs-system"


def healthy(device: Device, extensions: frozenset[str]) -> Device:
    """What ``device`` has to look like."""
    return Device(
        dst_port=device.dst_port,
        present=True,
        up=True,
        datapath=SYSTEM,
        port_no=device.port_no,
        extensions=extensions,
        sockets=device.sockets or frozenset((4,)),
    )


def made_from(device: Device, extensions: frozenset[str]) -> Device:
    """What ovs-vswitchd has after it was to make a device, where ``device`` may be in the way.

    It takes over one that has all that it needs, as it is: down, or with more extensions. Any
    other it deletes and makes its own (dpif_netlink_rtnl_create(), lib/dpif-netlink-rtnl.c).
    """
    if device.present and device.external and extensions <= device.extensions:
        return replace(device, datapath=SYSTEM)
    return healthy(device, extensions)


def problem(device: Device, extensions: frozenset[str]) -> tuple[str, str] | None:
    """(operation, reason) for a device that does not carry its tunnels; None when it does.

    The operation is empty where nothing of ours may touch the device.
    """
    if not device.present:
        return "recreate", "was deleted, and ovs-vswitchd did not notice"
    if device.kind != "vxlan":
        return "", f"is a device of kind {device.kind or 'unknown'} that took the name"
    if not device.external:
        return "recreate", "is not the device that ovs-vswitchd made"
    if device.datapath not in (None, SYSTEM):
        return "recreate", f"is linked to datapath {device.datapath}"
    if device.extensions != extensions:
        names = ["+".join(sorted(found)) or "none" for found in (device.extensions, extensions)]
        return "recreate", "has extensions {}, its tunnels need {}".format(*names)
    if device.datapath is None:
        return "link", "was detached from the datapath, and ovs-vswitchd did not notice"
    if not device.up:
        return "set up", "was set down, which closed its UDP port"
    return None


def steps(observed: Observed, tunnels: Iterable[Tunnel], owner: str, phase: int) -> Iterator[Step]:
    """Repairs for the devices behind ``tunnels``, as they are wanted on system datapaths.

    A device is put back under the port number that ovs-vswitchd has in mind: its flows, its MAC
    tables and the tunnels of others on the same UDP port then go on as if nothing had happened.
    Where the datapath sends upcalls to a socket per port (before OVS 2.16 or Linux 5.15) only
    ovs-vswitchd can make a port, so the tunnels are taken out of the database and put back.

    :raises EnvironmentProblem: that would touch tunnels of others.
    """
    if observed.kernel is None:
        return
    by_port: dict[int, list[Tunnel]] = {}
    for tunnel in tunnels:
        by_port.setdefault(options.dst_port(tunnel.options), []).append(tunnel)
    made = believed(observed)
    for port, wanted in sorted(by_port.items()):
        device = observed.kernel.devices.get(port, Device(port))
        extensions = options.extensions(wanted[0].options)
        # Without a working tunnel on the port ovs-vswitchd is still to make the device, or to keep
        # one that is in the way: it does not look at the extensions of a device that it has.
        kept = device.datapath == SYSTEM and device.extensions != extensions
        if not (port in made or kept):
            device = made_from(device, extensions)
        found = problem(device, extensions)
        if found is None or not found[0]:
            continue
        op, why = found
        args: dict[str, Any] = {}
        if op != "set up" and not observed.kernel.per_cpu:
            op, args["tunnels"] = "reload", _users(observed, port, owner, f"{device.name} {why}")
        yield _repair(op, why, device, wanted[0], phase, args)


def _repair(
    op: str, why: str, device: Device, tunnel: Tunnel, phase: int, args: Mapping[str, Any]
) -> Step:
    after = healthy(device, options.extensions(tunnel.options))
    changes = view.changes(view.device(device), view.device(after))
    args = {"before": device, "after": after, "tunnel": tunnel.name, **args}
    return Step(op, device.name, why, changes, args, phase, kind="device")


def early_steps(
    observed: Observed, after: Iterable[Tunnel], names: Iterable[str], phase: int
) -> Iterator[Step]:
    """Repairs that have to come before new devices: theirs is the lowest free datapath number.

    That is the number of a device that was deleted or detached, which ovs-vswitchd still holds to
    be that one's. A repair would find it taken; and with the last tunnel of that UDP port
    ovs-vswitchd deletes whatever device has the number by then (type_run(),
    ofproto/ofproto-dpif.c, measured with 3.1).

    :param after: all tunnels on system datapaths, as they are to be.
    :param names: the tunnels that are declared present.
    """
    if observed.kernel is None or not observed.kernel.per_cpu:
        return
    wanted = {row.name: options.dst_port(row.options) for row in after}
    needed = {wanted[name] for name in names if name in wanted}
    carried = _carried(observed)
    for port in sorted(carried):
        if port in wanted.values() and port not in needed:
            continue  # it stays with tunnels of others alone, and so does its fault
        device = observed.kernel.devices.get(port, Device(port))
        op, why = problem(device, options.extensions(carried[port].options)) or ("", "")
        if op in ("recreate", "link") and device.datapath != SYSTEM:
            yield _repair(op, why, device, carried[port], phase, {})


def repaired(observed: Observed, plan: Plan) -> Observed:
    """The snapshot with the devices as the steps of ``plan`` leave them."""
    if observed.kernel is None or not plan:
        return observed
    devices = dict(observed.kernel.devices)
    devices.update({step.args["after"].dst_port: step.args["after"] for step in plan})
    return replace(observed, kernel=replace(observed.kernel, devices=devices))


def believed(observed: Observed) -> set[int]:
    """UDP ports that ovs-vswitchd has a device for, as far as the database says.

    A tunnel of anybody is enough: for the next one on the port it makes no other device.
    """
    return set(_carried(observed))


def _carried(observed: Observed) -> dict[int, Tunnel]:
    """UDP port -> a tunnel that ovs-vswitchd calls good, on a system datapath."""
    system = {b.name for b in observed.bridges.values() if b.datapath_type == "system"}
    return {
        options.dst_port(row.options): row
        for row in observed.tunnels.values()
        if row.bridge in system and not row.broken and row.ofport is not None
    }


def _users(observed: Observed, port: int, owner: str, problem_text: str) -> list[Tunnel]:
    """All tunnels on a UDP port, where all are of ``owner``."""
    found = [row for row in observed.tunnels.values() if options.dst_port(row.options) == port]
    foreign = next((row for row in found if row.owner != owner or row.interfaces > 1), None)
    if foreign is not None:
        raise EnvironmentProblem(
            f"{problem_text}; with this version of Open vSwitch only ovs-vswitchd can make it anew",
            culprit=f"tunnel {foreign.name} on bridge {foreign.bridge} uses it too and is not ours",
            remedy="restart ovs-vswitchd",
        )
    return found
