# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ICMP echo packets, and raw sockets that never fragment.

Private to this collection.
"""

from __future__ import annotations

import socket
import struct
from typing import Optional

from .core.errors import EnvironmentProblem

# include/uapi/linux/{in,in6,icmp,icmpv6}.h; Python's socket lacks most of them.
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _IPV6_DONTFRAG, _PMTUDISC_DO = 10, 23, 62, 2
_ECHO = {4: (8, 0), 6: (128, 129)}  # request, reply
_HEADERS = {4: 28, 6: 48}  # IP and ICMP
_LABEL = 14  # bytes at the start of the data: token of the run, index of the target, serial


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(version: int, ident: int, sequence: int, label: bytes, size: int) -> bytes:
    """An ICMP echo request that makes an IP packet of ``size`` bytes.

    The checksum of ICMPv6 is left to the kernel, which knows the source address.
    """
    kind = _ECHO[version][0]
    filling = label.ljust(size - _HEADERS[version], b"\0")
    header = struct.pack("!BBHHH", kind, 0, 0, ident, sequence)
    if version == 4:
        header = struct.pack("!BBHHH", kind, 0, checksum(header + filling), ident, sequence)
    return header + filling


def echo_reply(version: int, ident: int, packet: bytes) -> Optional[bytes]:
    """The label (14 bytes of data) of an echo reply to ``ident``, or None."""
    if version == 4 and packet:  # raw IPv4 sockets deliver the IP header
        packet = packet[(packet[0] & 0x0F) * 4 :]
    if len(packet) < 8 + _LABEL or packet[0] != _ECHO[version][1]:
        return None
    if struct.unpack("!H", packet[4:6])[0] != ident:
        return None
    return packet[8 : 8 + _LABEL]


def open_socket(version: int, device: str) -> socket.socket:
    """A raw ICMP socket bound to ``device``, with don't-fragment set.

    :raises EnvironmentProblem: no privilege, or no such device.
    """
    family, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP)
        if version == 4
        else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    try:
        sock = socket.socket(family, socket.SOCK_RAW, protocol)
    except PermissionError:
        raise EnvironmentProblem(
            "not allowed to open a raw socket", remedy="run the task as root (become: true)"
        ) from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
    except OSError as error:
        sock.close()
        raise EnvironmentProblem(
            f"cannot use the device {device}: {error.strerror}",
            remedy="create the overlay first (role vxlan_mesh)",
        ) from None
    _configure(sock, version)
    return sock


def _configure(sock: socket.socket, version: int) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    if version == 4:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_DO)
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << 0) & 0xFFFFFFFF))
        return
    sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_DO)
    sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_DONTFRAG, 1)
    blocked = [0xFFFFFFFF] * 8
    blocked[129 >> 5] &= ~(1 << (129 & 31))
    sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *blocked))
