# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What parts of a mesh may not contradict each other about. Every refusal names the hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable, Iterable, Sequence
from typing import Optional, TypeVar

from ..core.errors import ConflictError, InputError
from . import names
from .model import FULL, HUB_SPOKE, KERNEL, OVSDB, Fleet, Link, Segment

# Both ends of a tunnel must agree on these, or one does not understand the other.
SYMMETRIC = ("dst_port", "gbp")
_Key = TypeVar("_Key", bound=Hashable)


def check(fleet: Fleet) -> None:
    """Everything that can be said without simulating traffic.

    :raises InputError: a segment asks for what its backend cannot do.
    :raises ConflictError: two hosts, segments or links contradict each other.
    """
    _endpoints(fleet)
    _segments(fleet)
    _addresses(fleet)
    for segment in fleet.segments:
        _backend(fleet, segment)
        _pairs(fleet, segment)
    _gbp(fleet)
    _tunnel_names(fleet)


def _twins(pairs: Iterable[tuple[_Key, str]]) -> list[tuple[_Key, list[str]]]:
    """Keys that more than one name claims, with the names."""
    claimed: dict[_Key, list[str]] = {}
    for key, name in pairs:
        claimed.setdefault(key, []).append(name)
    return [(key, claimants) for key, claimants in claimed.items() if len(claimants) > 1]


def _endpoints(fleet: Fleet) -> None:
    for address, hosts in _twins((m.endpoint, m.name) for m in fleet.members.values()):
        raise ConflictError(
            f"the endpoint {address} is claimed by more than one host",
            culprit=", ".join(hosts),
            remedy="give every host its own vxlan_mesh_endpoint (a cloned host?)",
        )


def _segments(fleet: Fleet) -> None:
    for name, twins in _twins((s.name, s.name) for s in fleet.segments):
        raise ConflictError(f"the segment {name} is declared {len(twins)} times")
    for vni, twins in _twins((s.vni, s.name) for s in fleet.segments):
        raise ConflictError(
            f"the VNI {vni} is used by more than one segment",
            culprit=_with_members(fleet, twins),
            remedy="give every segment its own VNI",
        )
    bridged = [s for s in fleet.segments if _hosts(fleet, s, OVSDB)]
    for (bridge, tag), twins in _twins(((s.bridge, s.tag), s.name) for s in bridged):
        raise ConflictError(
            f"more than one segment uses the bridge {bridge} "
            + (f"with tag {tag}" if tag else "without a tag")
            + ", which would join them",
            culprit=_with_members(fleet, twins),
            remedy="give each segment a tag or a bridge of its own",
        )
    for (host, device), twins in _twins(
        ((host, names.own_device(s, fleet.members[host].backend)), s.name)
        for s in fleet.segments
        for host in s.members
    ):
        raise ConflictError(
            f"host {host}: the device {device} would belong to more than one segment",
            culprit=", ".join(twins),
            remedy="give each a 'device', or on one bridge a 'tag', of its own",
        )


def _with_members(fleet: Fleet, names_of_segments: list[str]) -> str:
    """The segments with the hosts that are in them: ``a (hv1, hv2), b (hv3)``."""
    members = {segment.name: segment.members for segment in fleet.segments}
    return ", ".join(f"{name} ({shown(members[name])})" for name in names_of_segments)


def shown(hosts: Sequence[str], most: int = 5) -> str:
    """Hosts in a message, the first ``most`` of them by name."""
    rest = len(hosts) - most
    return ", ".join(hosts[:most]) + (f" and {rest} more" if rest > 0 else "")


def _addresses(fleet: Fleet) -> None:
    known = {segment.name: frozenset(segment.members) for segment in fleet.segments}
    claims: list[tuple[tuple[str, str], str]] = []
    for member in fleet.members.values():
        for segment, addresses in member.addresses.items():
            if segment not in known:
                raise InputError(
                    f"host {member.name}: it has an address in segment {segment}, "
                    "which is not declared",
                    remedy="declare the segment, or correct vxlan_mesh_addresses",
                )
            if member.name not in known[segment]:
                raise InputError(
                    f"host {member.name}: it has an address in segment {segment}, "
                    "but is no member of it"
                )
            for address in addresses:
                plain = str(ipaddress.ip_interface(address).ip)
                claims.append(((segment, plain), member.name))
    for (segment, plain), hosts in _twins(claims):
        raise ConflictError(
            f"segment {segment}: the overlay address {plain} is claimed more than once",
            culprit=", ".join(hosts),
            remedy="correct vxlan_mesh_addresses",
        )


def _hosts(fleet: Fleet, segment: Segment, backend: str) -> list[str]:
    return [name for name in segment.members if fleet.members[name].backend == backend]


def _backend(fleet: Fleet, segment: Segment) -> None:
    """What a bare datapath cannot do, and what ovs-vswitchd cannot."""
    for host in _hosts(fleet, segment, KERNEL):
        where = f"segment {segment.name}, host {host}"
        if segment.topology == HUB_SPOKE and host == segment.hub and len(segment.members) > 2:
            raise InputError(
                f"{where}: a hub needs the backend {OVSDB}: with the backend {KERNEL} a host has "
                "one VXLAN device per segment and never passes on what it receives, so that the "
                "spokes would not hear each other",
                remedy=f"use topology {FULL}, or backend {OVSDB} on {host}",
            )
        for link in segment.links:
            if host in link.ends and (link.settings or host in link.endpoints):
                raise InputError(
                    f"{where}: the link {' - '.join(link.ends)} has settings of its own, but with "
                    f"the backend {KERNEL} all links of a segment share one device",
                    remedy=f"set them for the segment or the host, or use backend {OVSDB}",
                )
        if segment.tag is not None:
            raise InputError(
                f"{where}: a tag needs a bridge, and the backend {KERNEL} has none: "
                "there every segment has a datapath of its own",
                remedy=f"remove tag, or use backend {OVSDB}",
            )
    for host in _hosts(fleet, segment, OVSDB):
        if fleet.setting("df", segment, host, None) == "inherit":
            raise InputError(
                f"segment {segment.name}, host {host}: df 'inherit' exists with backend "
                f"{KERNEL} only",
                remedy="use set or unset",
            )


def _pairs(fleet: Fleet, segment: Segment) -> None:
    """Both ends of every link, cheaply where no link is special: then hosts tell all."""
    special = {frozenset(link.ends): link for link in segment.links if link.special}
    if segment.topology == FULL:
        _uniform(fleet, segment, special)
    pairs = (
        segment.pairs() if segment.topology != FULL else (link.ends for link in special.values())
    )
    for one, other in pairs:
        _ends(fleet, segment, one, other, special.get(frozenset((one, other))))


def _uniform(fleet: Fleet, segment: Segment, special: dict[frozenset[str], Link]) -> None:
    """In a full mesh each pair agrees exactly if all members agree with the first.

    A pair that differs may still be reconciled by a special link: that pair is left to _ends.
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    for host in segment.members:
        family = ipaddress.ip_address(fleet.members[host].endpoint).version
        wants = tuple(fleet.setting(key, segment, host, None) for key in SYMMETRIC)
        groups.setdefault((family, *wants), []).append(host)
    kinds = list(groups.values())
    for index, kind in enumerate(kinds):
        for others in kinds[index + 1 :]:
            for one in kind:
                for other in others:
                    if frozenset((one, other)) not in special:
                        _ends(fleet, segment, one, other, None)


def _ends(fleet: Fleet, segment: Segment, one: str, other: str, link: Optional[Link]) -> None:
    addresses = [fleet.endpoint(host, link) for host in (one, other)]
    if addresses[0] == addresses[1]:
        raise ConflictError(f"segment {segment.name}: {one} and {other} share {addresses[0]}")
    if len({ipaddress.ip_address(address).version for address in addresses}) > 1:
        raise ConflictError(
            f"segment {segment.name}: the endpoints of a pair are of different families",
            culprit=f"{one} {addresses[0]}, {other} {addresses[1]}",
            remedy="give both an IPv4 or both an IPv6 endpoint, for the link or for the host",
        )
    for key in SYMMETRIC:
        wants = [fleet.setting(key, segment, host, link) for host in (one, other)]
        if wants[0] != wants[1]:
            raise ConflictError(
                f"segment {segment.name}: the two ends of a tunnel disagree about {key}",
                culprit=f"{one} has {wants[0]}, {other} has {wants[1]}",
                remedy=f"set {key} for the mesh, the segment or the link, not for one host",
            )


def _gbp(fleet: Fleet) -> None:
    """One UDP socket per port serves all tunnels of a host: with gbp for all or for none."""
    seen: dict[tuple[str, int], tuple[bool, str]] = {}
    for segment in fleet.segments:
        ends: list[tuple[str, Optional[Link]]] = [(host, None) for host in segment.members]
        ends += [(host, special) for special in segment.links for host in special.ends]
        for host, link in ends:
            key = (host, int(fleet.setting("dst_port", segment, host, link)))
            gbp = bool(fleet.setting("gbp", segment, host, link))
            first = seen.setdefault(key, (gbp, segment.name))
            if first[0] != gbp:
                raise ConflictError(
                    f"host {host}: tunnels with and without gbp on dst_port {key[1]}",
                    culprit=f"segments {first[1]}, {segment.name}",
                    remedy="put the segments with gbp on a dst_port of their own",
                )


def _tunnel_names(fleet: Fleet) -> None:
    """No two tunnels, and no tunnel and bridge, of the fleet may share a name."""
    bridged = any(member.backend == OVSDB for member in fleet.members.values())
    claims: list[tuple[str, str]] = []
    for segment in fleet.segments:
        claims.append((names.device(segment.vni), f"segment {segment.name}"))
        if bridged:
            claims += [
                (names.tunnel(segment.vni, peer), f"segment {segment.name} to {peer}")
                for peer in segment.members
            ]
    devices = {
        names.own_device(segment, backend): f"segment {segment.name}"
        for segment in fleet.segments
        for backend in (KERNEL, OVSDB)
    }
    devices.update({s.bridge: f"bridge of segment {s.name}" for s in fleet.segments})
    for name, claimants in _twins([*claims, *devices.items()]):
        raise ConflictError(
            f"the device name {name} stands for more than one thing",
            culprit=", ".join(claimants),
            remedy="rename a host, or change a VNI, bridge or device",
        )
