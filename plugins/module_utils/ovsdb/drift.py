# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel drift: what happened to ``vxlan_sys_*`` devices behind the back of ovs-vswitchd; pure.

ovs-vswitchd looks at a device of its own only when it makes it. Deleted, detached or set down,
the device stays so, while the database goes on saying that all is well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..core.errors import EnvironmentProblem
from ..core.steps import Step
from . import options, view
from .model import Device, Observed, Tunnel

SYSTEM = "ovs-system"


def expected(tunnels: Iterable[Tunnel]) -> dict[int, Tunnel]:
    """The UDP ports that working tunnels need a device for, each with one of its tunnels."""
    found: dict[int, Tunnel] = {}
    for tunnel in tunnels:
        found.setdefault(options.dst_port(tunnel.options), tunnel)
    return found


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


def problem(device: Device, extensions: frozenset[str]) -> tuple[str, str] | None:
    """(operation, reason) for a device that is not as ovs-vswitchd made it."""
    if not device.present:
        return "recreate", "was deleted, and ovs-vswitchd did not notice"
    if device.kind != "vxlan" or not device.external or device.extensions != extensions:
        return "recreate", "is not the device that ovs-vswitchd made"
    if device.datapath not in (None, SYSTEM):
        return "recreate", f"is linked to datapath {device.datapath}"
    if device.datapath is None:
        return "link", "was detached from the datapath, and ovs-vswitchd did not notice"
    if not device.up:
        return "set up", "was set down, which closed its UDP port"
    return None


def steps(observed: Observed, settled: Iterable[Tunnel], owner: str, phase: int) -> Iterator[Step]:
    """Repairs for the devices behind ``settled``, tunnels that the database calls good.

    A device is put back under the port number that ovs-vswitchd has in mind: its flows, its MAC
    tables and the tunnels of others on the same UDP port then go on as if nothing had happened.
    Where the datapath sends upcalls to a socket per port (before OVS 2.16 or Linux 5.15) only
    ovs-vswitchd can make a port, so the tunnels are taken out of the database and put back.

    :raises EnvironmentProblem: that would touch tunnels of others.
    """
    if observed.kernel is None:
        return
    for port, tunnel in sorted(expected(settled).items()):
        device = observed.kernel.devices.get(port, Device(port))
        extensions = options.extensions(tunnel.options)
        found = problem(device, extensions)
        if found is None:
            continue
        op, why = found
        after = healthy(device, extensions)
        changes = view.changes(view.device(device), view.device(after))
        args = {"before": device, "after": after, "tunnel": tunnel.name}
        if op != "set up" and not observed.kernel.per_cpu:
            op, args["tunnels"] = "reload", _users(observed, port, owner, f"{device.name} {why}")
        yield Step(op, device.name, why, changes, args, phase, kind="device")


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
