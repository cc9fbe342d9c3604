# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Netlink messages about routes and neighbours, from and to bytes; pure."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable

from ..kernel.decode import attributes
from ..kernel.transport import Reply, Request
from .model import Path, Route

RTM_GETLINK, RTM_GETROUTE = 18, 26
IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
AF = {4: 2, 6: 10}
# enum rtattr_type_t, include/uapi/linux/rtnetlink.h
RTA_DST, RTA_SRC, RTA_OIF, RTA_GATEWAY, RTA_METRICS, RTA_MARK, RTA_VIA = 1, 2, 4, 5, 8, 16, 18
RTAX_MTU = 2
RTN_LOCAL = 2


def _attribute(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)


def route_request(path: Path, source: bool) -> Request:
    """Ask for the route of a path; with its source address only where the host has that."""
    remote = ipaddress.ip_address(path.remote).packed
    bits = len(remote) * 8
    local = ipaddress.ip_address(path.local).packed if source and path.local else b""
    if len(local) != len(remote):
        local = b""
    body = struct.pack(
        "=BBBBBBBBI", AF[path.family], bits, bits if local else 0, 0, 0, 0, 0, 0, 0
    ) + _attribute(RTA_DST, remote)
    if local:
        body += _attribute(RTA_SRC, local)
    if path.lower:
        body += _attribute(RTA_OIF, struct.pack("=I", path.lower))
    if path.mark:
        body += _attribute(RTA_MARK, struct.pack("=I", path.mark))
    return Request(RTM_GETROUTE, body)


def route(reply: Reply) -> Route:
    """The answer to :func:`route_request`."""
    if reply.errno or not reply.bodies:
        return Route(errno=reply.errno)
    body = reply.bodies[0]
    found = dict(attributes(body, 12))
    metrics = dict(attributes(found.get(RTA_METRICS, b"")))
    gateway = found.get(RTA_GATEWAY) or found.get(RTA_VIA, b"")[2:]  # struct rtvia: family first
    return Route(
        oif=struct.unpack("=I", found[RTA_OIF])[0] if RTA_OIF in found else 0,
        gateway=str(ipaddress.ip_address(gateway)) if gateway else None,
        mtu=struct.unpack("=I", metrics[RTAX_MTU])[0] if RTAX_MTU in metrics else 0,
        local=body[7] == RTN_LOCAL,
    )


def neighbours(bodies: Iterable[bytes]) -> dict[tuple[int, str], int]:
    """Bodies of RTM_NEWNEIGH messages: (ifindex, address) -> NUD state."""
    found = {}
    for body in bodies:
        family, ifindex, state = struct.unpack_from("=BxxxiH", body)
        destination = dict(attributes(body, 12)).get(1, b"")
        if family in AF.values() and len(destination) in (4, 16):
            found[ifindex, str(ipaddress.ip_address(destination))] = state
    return found


def link_request(ifindex: int) -> Request:
    """Ask for one device."""
    return Request(RTM_GETLINK, struct.pack("=BBHiII", 0, 0, 0, ifindex, 0, 0))


def without_carrier(reply: Reply) -> bool:
    """The device is up and has no carrier."""
    flags = struct.unpack_from("=BBHiI", reply.bodies[0])[4] if reply.bodies else 0
    return bool(flags & IFF_UP) and not flags & IFF_LOWER_UP
