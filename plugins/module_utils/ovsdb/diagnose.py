# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the words of ovs-vswitchd to cause, culprit and remedy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core.errors import ApplyError
from . import options
from .collisions import IPV6_OFF, IPV6_REMEDY
from .daemon import Vswitchd
from .database import Unconfirmed
from .model import Bridge, Device, Observed, Tunnel


def _names(found: Sequence[Tunnel]) -> str:
    shown = ", ".join(tunnel.name for tunnel in found[:5])
    return shown + (f" and {len(found) - 5} more" if found[5:] else "")


def refused(
    found: Sequence[Tunnel], observed: Observed, holder: Callable[[int], str] | None
) -> ApplyError:
    """The error for tunnels that ovs-vswitchd refused.

    :param holder: tells who holds a UDP port, where the kernel can be asked.
    """
    first = found[0]
    port = options.dst_port(first.options)
    text = first.error or f"ofport {first.ofport} and no reason"
    alike = [one for one in found if _class(one.error) == _class(first.error)]
    cause = f"ovs-vswitchd refused {_names(alike)}: {text}"
    if "Address already in use" in text:
        return ApplyError(
            cause,
            culprit=holder(port) if holder else f"somebody holds UDP port {port}",
            remedy=f"remove or move what holds UDP port {port}, or choose another dst_port",
        )
    if "same dst_port" in text:
        other = next((row for row in _same_port(first, observed) if not row.broken), None)
        return ApplyError(
            cause,
            culprit=f"port {other.name} on bridge {other.bridge}" if other else None,
            remedy="use the same extensions on all tunnels of a dst_port, or another dst_port",
        )
    if "File exists" in text:
        return ApplyError(cause, culprit=_twin(first, observed, holder), remedy=_EXISTS)
    if "Address family not supported" in text:
        return ApplyError(
            cause,
            culprit=IPV6_OFF,
            remedy=IPV6_REMEDY,
        )
    remedy = "see the log of ovs-vswitchd (/var/log/openvswitch/ovs-vswitchd.log)"
    if first.name.startswith("vxlan_sys"):
        remedy = "choose a name that does not start with vxlan_sys: those are reserved"
    return ApplyError(cause, remedy=remedy)


_EXISTS = "remove the other tunnel or device, or choose another key or dst_port"


def _class(text: str) -> str:
    """An error text without the name of the interface."""
    return text.rpartition("(")[2] or text.partition(":")[2]


def _same_port(tunnel: Tunnel, observed: Observed) -> list[Tunnel]:
    port = options.dst_port(tunnel.options)
    return [
        row
        for row in observed.tunnels.values()
        if row.name != tunnel.name and options.dst_port(row.options) == port
    ]


def _twin(tunnel: Tunnel, observed: Observed, holder: Callable[[int], str] | None) -> str | None:
    """What "File exists" is about: a tunnel with the same identity, or a device on the port."""
    for row in _same_port(tunnel, observed):
        if options.identity(row.options) == options.identity(tunnel.options):
            return f"port {row.name} on bridge {row.bridge} has the same remote, key and dst_port"
    return holder(options.dst_port(tunnel.options)) if holder else None


def unconfirmed(failure: Unconfirmed, daemon: Vswitchd | None) -> ApplyError:
    """The error for a daemon that does not follow; ``daemon`` None: it is on another host."""
    complaint = daemon.complaint() if daemon else "ovs-vswitchd on the host of the database"
    if complaint:
        remedy = "start it, or end what stops it, then run again"
    else:
        complaint = f"ovs-vswitchd (pid {daemon.pid if daemon else 0}) is running, but busy or hung"
        remedy = "look at its log (/var/log/openvswitch/ovs-vswitchd.log); raise wait_timeout "
        remedy += "for very large sets"
    return ApplyError(failure.cause, culprit=complaint, remedy=remedy)


def bridge(found: Bridge) -> ApplyError:
    """The error for a bridge that ovs-vswitchd did not make."""
    module = "openvswitch" if found.datapath_type == "system" else "tun"
    return ApplyError(
        f"ovs-vswitchd could not make bridge {found.name} (datapath_type {found.datapath_type})",
        remedy=f"load the kernel module: modprobe {module}; else see the log of ovs-vswitchd "
        "(/var/log/openvswitch/ovs-vswitchd.log)",
    )


def device(found: Device, why: str, tunnels: Sequence[Tunnel]) -> ApplyError:
    """The error for a kernel device that does not carry its tunnels."""
    return ApplyError(
        f"the database reports {_names(tunnels)} as working, the kernel does not carry them",
        culprit=f"{found.name} {why}",
        remedy="see dmesg and the log of ovs-vswitchd; a restart of ovs-vswitchd makes it anew",
    )
