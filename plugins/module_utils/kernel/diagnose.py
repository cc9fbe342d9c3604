# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an errno to cause, culprit and remedy."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from ..core.errors import ApplyError, ConflictError, LostRace
from ..core.steps import Step, describe
from . import conflicts
from .model import Observed, PortState, port_states
from .transport import Reply

# Somebody else was faster, or it only looks so: read again and plan again (KERNEL: the loser of
# a race for a name sees EEXIST, of a race for a deletion ENODEV, of a race for a number EBUSY).
RACES = {errno.EEXIST, errno.ENODEV, errno.EBUSY, errno.ENOENT}


def failure(step: Step, reply: Reply, observed: Observed) -> ApplyError:
    """The error for a refused step, with ``observed`` taken after the refusal."""
    text = reply.text or os.strerror(reply.errno)
    cause = f"cannot {describe(step)}: {text} ({errno.errorcode.get(reply.errno, reply.errno)})"
    culprit, remedy = _explain(step, reply, observed)
    kind = LostRace if reply.errno in RACES else ApplyError
    return kind(cause, errno=reply.errno, culprit=culprit, remedy=remedy)


def _explain(step: Step, reply: Reply, observed: Observed) -> tuple[str | None, str | None]:
    state = step.args.get("state") or port_states(observed).get(step.name)
    if step.kind == "datapath" and reply.errno == errno.EINVAL:
        return None, "look at the kernel log: dmesg names what it did not take"
    if reply.errno == errno.EADDRINUSE and state is not None:
        port = state.attrs["dst_port"]
        return (
            f"UDP port {port} is held by {udp_holder(port, step.name, observed, state)}",
            f"stop what holds UDP port {port}, or choose another dst_port",
        )
    if reply.errno == errno.EEXIST and state is not None:
        return (
            _existing(state, observed) or (_UNSEEN if step.op == "create" else None),
            "remove it, or choose another name, vni or dst_port",
        )
    if reply.errno == errno.EPERM and "IPv6" in reply.text:
        return (
            f"sysctl net.ipv6.conf.{state.lower if state and state.lower else 'all'}.disable_ipv6",
            "enable IPv6 on the underlay device, or use an IPv4 underlay",
        )
    if reply.errno == errno.EBUSY and step.op == "link":
        return _occupant(step, observed), _REMEDIES[errno.EBUSY]
    return None, _REMEDIES.get(reply.errno)


# Moved away, a device keeps VNI and socket where it was made: vxlan->net of vxlan_newlink().
_UNSEEN = (
    "a VXLAN device that was made here and moved to another network namespace "
    "('ip -all netns exec ip -d link show type vxlan' lists them)"
)
_REMEDIES = {
    errno.EPERM: "run with CAP_NET_ADMIN ('become: true')",
    errno.EAFNOSUPPORT: "load the kernel modules that are missing: modprobe ipv6 (for an IPv6 "
    "underlay), modprobe vport-vxlan (for vport_type 'vxlan')",
    errno.EOPNOTSUPP: "load the kernel module: modprobe vxlan",
    errno.EINVAL: "a loopback, internal or non-Ethernet device cannot be linked; "
    "name a vxlan device",
    errno.EBUSY: "the device belongs to another bridge, bond or datapath or carries a macvlan, or "
    "the port number is taken: free it first",
    errno.ENODEV: "the device or datapath is gone: run again",
    errno.ENOBUFS: "the kernel is out of buffers: run again",
    errno.ENOMEM: "the host is out of memory: free some and run again",
    errno.EADDRINUSE: "stop what holds the UDP port, or choose another dst_port",
}


def _existing(state: PortState, observed: Observed) -> str | None:
    """Which device an EEXIST is about: the name, the VNI, or the socket."""
    for other in port_states(observed).values():
        if other.name == state.name or conflicts.same_vni(state, other):
            return conflicts.describe(other)
    link = observed.link(state.name)
    if link is not None:
        return f"{link.name} (a device of kind {link.kind or 'unknown'})"
    return None


def _occupant(step: Step, observed: Observed) -> str | None:
    """Who keeps a device from being linked: the port with its number, or what has it already."""
    found = observed.datapaths.get(step.args["datapath"])
    for vport in found.vports if found else ():
        if vport.port_no == step.args["port_no"] and vport.name != step.name:
            return f"port {vport.name} has the number {vport.port_no}"
    link = observed.link(step.name)
    if link is None:
        return None
    master = observed.links.get(link.master)
    holders = [f"master {master.name} ({link.slave_kind})"] if master else []
    holders += [
        f"{other.name} ({other.kind} on top of {link.name})"
        for other in observed.links.values()
        if other.stacked_on == link.ifindex
    ]
    return ", ".join(holders) or None


def udp_holder(port: int, name: str, observed: Observed, state: PortState | None = None) -> str:
    """Who holds a UDP port: a process, a VXLAN device other than ``name``, or the kernel.

    With ``state`` only devices count that cannot share the port with it.
    """
    holders = list(_processes(_inodes(port)))
    holders += [
        conflicts.describe(other)
        for other in port_states(observed).values()
        if other.name != name and other.up and other.attrs["dst_port"] == port
        if state is None or conflicts.same_socket(state, other)
    ]
    if holders:
        return ", ".join(holders)
    return (
        "a kernel socket (a tunnel device of another kind, or one that was moved to another "
        "network namespace)"
    )


def explain_conflict(error: ConflictError, observed: Observed) -> ConflictError:
    """Name the holder of a UDP port in an error of the plan, which cannot look by itself."""
    port = error.details.get("udp_port")
    if port is None:
        return error
    culprit = udp_holder(port, "", observed)
    return ConflictError(error.cause, culprit=culprit, remedy=error.remedy, udp_port=port)


def _inodes(port: int) -> set[str]:
    inodes = set()
    for name in ("udp", "udp6"):
        try:
            lines = Path("/proc/self/net", name).read_text(encoding="ascii").split("\n")[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if len(words) > 9 and int(words[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(words[9])
    return inodes


def _processes(inodes: Iterable[str]) -> Iterable[str]:
    wanted = {f"socket:[{inode}]" for inode in inodes if inode != "0"}
    if not wanted:
        return
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            held = any(str(entry.readlink()) in wanted for entry in (process / "fd").iterdir())
            name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue  # ended, or not ours to see
        if held:
            yield f"process {name} (pid {process.name})"
