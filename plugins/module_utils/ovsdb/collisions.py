# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collisions that ovs-vswitchd would answer with a dead port, or not at all; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..core.errors import ConflictError, EnvironmentProblem
from . import options
from .model import Bridge, Device, Observed, OtherPort, Tunnel

IPV6_OFF = "IPv6 is off on this host"
IPV6_REMEDY = (
    "enable it (module ipv6, sysctl net.ipv6.conf.all.disable_ipv6=0), or use an IPv4 underlay"
)


def check(
    final: Mapping[str, Tunnel],
    declared: Collection[str],
    bridges: Mapping[str, Bridge],
    others: Iterable[OtherPort],
) -> None:
    """Raise ConflictError where a declared tunnel collides with another port.

    :param final: every tunnel as it will be after the plan, by name.
    :param declared: names of those that the task declares.
    :param bridges: every bridge as it will be.
    """
    _check_identities(final, declared, bridges)
    _check_extensions(final, declared)
    _check_requests(final, declared, others)


def _pairs(
    groups: Mapping[object, list[Tunnel]], declared: Collection[str]
) -> Iterable[tuple[Tunnel, Tunnel]]:
    """From every group of two and more: one that is declared, and another one."""
    for found in groups.values():
        ours = next((tunnel for tunnel in found if tunnel.name in declared), None)
        if ours is not None and len(found) > 1:
            yield ours, next((one for one in found if one.name != ours.name), ours)


def _check_identities(
    final: Mapping[str, Tunnel], declared: Collection[str], bridges: Mapping[str, Bridge]
) -> None:
    """tnl_port_add__(), ofproto/tunnel.c: one table for all bridges of a datapath type."""
    groups: dict[object, list[Tunnel]] = {}
    for tunnel in final.values():
        bridge = bridges.get(tunnel.bridge)
        kind = bridge.datapath_type if bridge else "system"
        groups.setdefault((kind, options.identity(tunnel.options)), []).append(tunnel)
    for ours, other in _pairs(groups, declared):
        remote, local, key, port, _type = options.identity(ours.options)
        raise ConflictError(
            f"{ours.name}: a tunnel with remote_ip {remote}, local_ip {local or 'unset'}, "
            f"key {key} and dst_port {port} exists already",
            culprit=f"port {other.name} on bridge {other.bridge}"
            + (f" (owner {other.owner})" if other.owner else ""),
            remedy=f"remove {other.name}, or give one of them another key or dst_port",
        )


def _check_extensions(final: Mapping[str, Tunnel], declared: Collection[str]) -> None:
    """All tunnels of a UDP port share one device, and so its extensions."""
    by_port: dict[int, dict[frozenset[str], list[Tunnel]]] = {}
    for tunnel in final.values():
        groups = by_port.setdefault(options.dst_port(tunnel.options), {})
        groups.setdefault(options.extensions(tunnel.options), []).append(tunnel)
    for port, kinds in by_port.items():
        flat = sorted(
            (tunnel for found in kinds.values() for tunnel in found),
            key=lambda tunnel: tunnel.name not in declared,
        )
        if len(kinds) == 1 or flat[0].name not in declared:
            continue
        ours = flat[0]
        mine = options.extensions(ours.options)
        other = next(one for one in flat if options.extensions(one.options) != mine)
        raise ConflictError(
            f"{ours.name}: tunnels with extensions {_names(mine)} and with "
            f"{_names(options.extensions(other.options))} cannot share UDP port {port}",
            culprit=f"port {other.name} on bridge {other.bridge}",
            remedy="use the same extensions on all tunnels of a dst_port, or another dst_port",
        )


def _names(found: frozenset[str]) -> str:
    return "+".join(sorted(found)) or "none"


def _check_requests(
    final: Mapping[str, Tunnel], declared: Collection[str], others: Iterable[OtherPort]
) -> None:
    """Of two ports that ask for one OpenFlow number, one gets another number silently."""
    taken: dict[tuple[str, int], str] = {
        (port.bridge, port.ofport_request): port.name
        for port in others
        if port.ofport_request is not None
    }
    ordered = sorted(final.values(), key=lambda tunnel: tunnel.name in declared)
    for tunnel in ordered:
        request = tunnel.columns["ofport_request"]
        if request is None:
            continue
        other = taken.setdefault((tunnel.bridge, request), tunnel.name)
        if other != tunnel.name and tunnel.name in declared:
            raise ConflictError(
                f"{tunnel.name}: ofport_request {request} is asked for twice on bridge "
                f"{tunnel.bridge}",
                culprit=f"port {other}",
                remedy="give every port of a bridge its own ofport_request",
            )


def check_name(where: str, name: str, taken: Mapping[str, str]) -> None:
    """Raise where the device of a port of type internal could not have its name.

    :param taken: name -> kind of devices that are no such port.
    :raises ConflictError: it is among them.
    """
    if name not in taken:
        return
    kind = taken[name]
    raise ConflictError(
        f"{where}: a device {name} exists and is not one that Open vSwitch has made",
        culprit=f"{name} is " + (f"a device of kind {kind}" if kind else "a network card"),
        remedy="remove or rename that device, or choose another name",
    )


def check_host(observed: Observed, fresh: Iterable[Tunnel]) -> None:
    """Raise where this host cannot carry a tunnel, before anything is touched.

    :param fresh: tunnels on system datapaths that the plan creates or changes.
    :raises ConflictError: somebody else holds the UDP port or the name of its device.
    :raises EnvironmentProblem: IPv6 is off.
    """
    if observed.kernel is None:
        return
    for tunnel in fresh:
        port = options.dst_port(tunnel.options)
        if port in observed.kernel.clashes:
            raise ConflictError(
                f"{tunnel.name}: UDP port {port} is not free for ovs-vswitchd",
                culprit=observed.kernel.clashes[port],
                remedy="remove or move what holds it, or choose another dst_port",
            )
        device = observed.kernel.devices.get(port, Device(port))
        if device.present and device.kind != "vxlan":
            raise ConflictError(
                f"{tunnel.name}: UDP port {port} needs a device that ovs-vswitchd calls "
                f"{device.name}",
                culprit=f"{device.name} is a device of kind {device.kind or 'unknown'}, which it "
                "would delete",
                remedy="rename or remove that device, or choose another dst_port",
            )
        if options.family(tunnel.options) == 6 and not observed.kernel.ipv6:
            raise EnvironmentProblem(
                f"{tunnel.name}: remote_ip is IPv6, and {IPV6_OFF}", remedy=IPV6_REMEDY
            )
