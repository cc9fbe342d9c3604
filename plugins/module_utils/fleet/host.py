# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host's part of a plan: what its tasks declare, by module options."""

from __future__ import annotations

import ipaddress
from typing import Any, Optional

from ..core.errors import InputError
from . import names, wiring
from .model import KERNEL, OVSDB, Fleet, Link, Segment


def part(fleet: Fleet, host: str) -> dict[str, Any]:
    """Everything that ``host`` has to hold.

    Keys: ``backend``, ``endpoint``, ``underlay_device``; ``datapaths``, ``ports`` and
    ``connections`` (backend kernel); ``bridges``, ``tunnels`` and ``access_ports`` (backend
    ovsdb); ``overlays`` (per segment: device, MTU, own addresses, peers with addresses);
    ``underlay_peers`` (addresses of all peers); ``dst_ports``.

    :raises InputError: the host is no member of the plan.
    """
    member = fleet.members.get(host)
    if member is None:
        raise InputError(
            f"host {host} is not a member of the mesh",
            remedy="add it to the mesh's inventory group",
        )
    segments = [segment for segment in fleet.segments if host in segment.members]
    result: dict[str, Any] = {
        "backend": member.backend,
        "endpoint": member.endpoint,
        "underlay_device": member.device,
        "datapaths": [],
        "ports": [],
        "connections": [],
        "bridges": [],
        "tunnels": [],
        "access_ports": [],
        "overlays": [_overlay(fleet, segment, host) for segment in segments],
        "underlay_peers": _underlay_peers(fleet, segments, host),
        "dst_ports": _dst_ports(fleet, segments, host),
    }
    if member.backend == KERNEL:
        result["datapaths"] = [_datapath(fleet, segment, host) for segment in segments]
        result["ports"] = [_device(fleet, segment, host) for segment in segments]
        result["connections"] = [
            {"name": port["datapath"], "connect": [[port["datapath"], port["name"]]]}
            for port in result["ports"]
        ]
    else:
        result["bridges"] = _bridges(fleet, segments, host)
        result["access_ports"] = _access_ports(fleet, segments, host)
        result["tunnels"] = [
            _tunnel(fleet, segment, host, peer)
            for segment in segments
            for peer in segment.peers_of(host)
        ]
    return result


def _overlay(fleet: Fleet, segment: Segment, host: str) -> dict[str, Any]:
    return {
        "segment": segment.name,
        "device": names.own_device(segment, fleet.members[host].backend),
        "mtu": segment.mtu,
        "addresses": _addresses(fleet, segment, host),
        "peers": [
            {"host": peer, "address": str(ipaddress.ip_interface(address).ip)}
            for peer in segment.members
            if peer != host
            for address in fleet.members[peer].addresses.get(segment.name, ())
        ],
    }


def _underlay_peers(fleet: Fleet, segments: list[Segment], host: str) -> list[str]:
    found = {
        fleet.endpoint(peer, segment.link_between(host, peer))
        for segment in segments
        for peer in segment.peers_of(host)
    }
    return sorted(found, key=lambda text: ipaddress.ip_address(text).packed)


def _dst_ports(fleet: Fleet, segments: list[Segment], host: str) -> list[int]:
    return sorted(
        {
            fleet.setting("dst_port", segment, host, link)
            for segment in segments
            for link in (None, *(link for link in segment.links if host in link.ends))
        }
    )


def _settings(
    fleet: Fleet, segment: Segment, host: str, link: Optional[Link], *keys: str
) -> dict[str, Any]:
    found = {key: fleet.setting(key, segment, host, link) for key in keys}
    return {key: value for key, value in found.items() if value is not None}


def _datapath(fleet: Fleet, segment: Segment, host: str) -> dict[str, Any]:
    return {
        "name": names.own_device(segment, KERNEL),
        "mtu": segment.mtu,
        "address": _addresses(fleet, segment, host),
    }


def _device(fleet: Fleet, segment: Segment, host: str) -> dict[str, Any]:
    port: dict[str, Any] = {
        "name": names.device(segment.vni),
        "datapath": names.own_device(segment, KERNEL),
        "vni": segment.vni,
        "local_ip": fleet.members[host].endpoint,
        "remotes": [fleet.endpoint(peer, None) for peer in segment.peers_of(host)],
        "mtu": str(segment.mtu),
        "learning": True,
        **_settings(fleet, segment, host, None, "dst_port", "ttl", "df"),
    }
    tos = fleet.setting("tos", segment, host, None)
    if tos is not None:
        port["tos"] = str(tos)
    csum = fleet.setting("csum", segment, host, None)
    if csum is not None:
        port.update(_checksums(port["local_ip"], csum))
    if fleet.setting("gbp", segment, host, None):
        port["extensions"] = ["gbp"]
    return port


def _checksums(local_ip: str, csum: bool) -> dict[str, bool]:
    """The kernel's switches for outer UDP checksums; IPv6 has one per direction."""
    if ipaddress.ip_address(local_ip).version == 4:
        return {"udp_csum": csum}
    return {"udp_zero_csum6_tx": not csum, "udp_zero_csum6_rx": not csum}


def _bridges(fleet: Fleet, segments: list[Segment], host: str) -> list[dict[str, Any]]:
    """The bridges of a host; an untagged segment's address and MTU go to the local port."""
    found: dict[str, dict[str, Any]] = {}
    for segment in segments:
        bridge = found.setdefault(segment.bridge, {"name": segment.bridge})
        if segment.tag is None:
            bridge.update(mtu=segment.mtu, address=_addresses(fleet, segment, host))
    return list(found.values())


def _access_ports(fleet: Fleet, segments: list[Segment], host: str) -> list[dict[str, Any]]:
    """The internal ports of a host: one per VLAN-tagged segment that it has an address in."""
    return [
        {
            "name": names.own_device(segment, OVSDB),
            "bridge": segment.bridge,
            "tag": segment.tag,
            "mtu": segment.mtu,
            "address": _addresses(fleet, segment, host),
        }
        for segment in segments
        if segment.tag is not None and _addresses(fleet, segment, host)
    ]


def _addresses(fleet: Fleet, segment: Segment, host: str) -> list[str]:
    return list(fleet.members[host].addresses.get(segment.name, ()))


def _tunnel(fleet: Fleet, segment: Segment, host: str, peer: str) -> dict[str, Any]:
    link = segment.link_between(host, peer)
    tunnel: dict[str, Any] = {
        "name": names.tunnel(segment.vni, peer),
        "bridge": segment.bridge,
        "remote_ip": fleet.endpoint(peer, link),
        "local_ip": fleet.endpoint(host, link),
        "key": str(segment.vni),
        "protected": wiring.is_guarded(fleet, segment, host, peer),
        "df_default": fleet.setting("df", segment, host, link) == "set",
        **_settings(fleet, segment, host, link, "dst_port", "csum"),
        "ttl": str(fleet.setting("ttl", segment, host, link)),
    }
    tos = fleet.setting("tos", segment, host, link)
    if tos is not None:
        tunnel["tos"] = str(tos)
    if segment.tag is not None:
        tunnel["tag"] = segment.tag
    if fleet.setting("gbp", segment, host, link):
        tunnel["extensions"] = ["gbp"]
    if fleet.bfd:
        tunnel["bfd"] = dict(fleet.bfd)
    return tunnel
