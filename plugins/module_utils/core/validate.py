# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of single values; pure. Every one raises InputError with the remedy.

``where`` is what the message starts with, such as ``ports[3] (vx7)``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any, Union

from .errors import InputError

IPAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
IPInterface = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
# IFNAMSIZ - 1, include/uapi/linux/if.h
NAME_MAX = 15
VNI_MAX = (1 << 24) - 1
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\Z")
# Names with a meaning of their own: /proc/sys/net/*/conf/{all,default}, and the loopback.
_RESERVED_NAMES = {"all", "default", "lo"}


def device_name(value: str, where: str, what: str = "name") -> str:
    """A network device name as net/core/dev.c dev_valid_name() takes it, and no pattern.

    ``%`` is refused because the kernel would read ``vx%d`` as a pattern.
    """
    problem = None
    if not value:
        problem = "is empty"
    elif not all(0x21 <= ord(char) <= 0x7E for char in value) or set(value) & set("/:%"):
        problem = "has a character that a device name cannot have"
    elif len(value) > NAME_MAX:
        problem = f"has {len(value)} characters, at most {NAME_MAX} are possible"
    elif value in (".", "..") or value in _RESERVED_NAMES:
        problem = "is reserved"
    if problem:
        raise InputError(
            f"{where}: {what} {value!r} {problem}",
            remedy=f"use 1 to {NAME_MAX} visible ASCII characters other than '/', ':' and '%'",
        )
    return value


def integer(value: Any, low: int, high: int, where: str, what: str) -> int:
    """A whole number of ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(
            f"{where}: {what} {value!r} is out of range",
            remedy=f"use a whole number from {low} to {high}",
        )
    return value


def address(value: str, where: str, what: str) -> IPAddress:
    """An IPv4 or IPv6 address without prefix or zone, neither unspecified nor loopback."""
    try:
        parsed = ipaddress.ip_address(value)
    except ValueError:
        raise InputError(
            f"{where}: {what} {value!r} is not an IP address",
            remedy="give an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1, no host name",
        ) from None
    if getattr(parsed, "scope_id", None) is not None:
        raise InputError(
            f"{where}: {what} {value!r} carries a zone", remedy="name the device by 'dev' instead"
        )
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        raise InputError(
            f"{where}: {what} {value!r} is an IPv4 address mapped into IPv6",
            remedy=f"write {parsed.ipv4_mapped}",
        )
    if parsed.is_unspecified or parsed.is_loopback:
        raise InputError(
            f"{where}: {what} {value!r} is "
            + ("the unspecified address" if parsed.is_unspecified else "a loopback address"),
            remedy="give an address of the underlay network",
        )
    if parsed == ipaddress.ip_address("255.255.255.255"):
        raise InputError(
            f"{where}: {what} {value!r} is the broadcast address",
            remedy="give an address of the underlay network",
        )
    return parsed


def unicast(value: str, where: str, what: str) -> IPAddress:
    """As :func:`address`, and not a multicast group."""
    parsed = address(value, where, what)
    if parsed.is_multicast:
        raise InputError(
            f"{where}: {what} {value!r} is a multicast group",
            remedy="give the unicast address of a VTEP",
        )
    return parsed


def interface(value: str, where: str, what: str = "address") -> IPInterface:
    """An address with prefix length that a device can have: unicast, of a host, not link-local."""
    try:
        if "/" not in value or "%" in value:
            raise ValueError
        parsed = ipaddress.ip_interface(value)
    except ValueError:
        raise InputError(
            f"{where}: {what} {value!r} is not an address with a prefix length",
            remedy="write it as 192.0.2.1/24 or 2001:db8::1/64",
        ) from None
    unicast(str(parsed.ip), where, what)
    network = parsed.network
    wide = network.num_addresses > 2 and parsed.version == 4
    if wide and parsed.ip in (network.network_address, network.broadcast_address):
        raise InputError(
            f"{where}: {what} {value!r} is the network or broadcast address of {network}",
            remedy="use a host address of that network",
        )
    if parsed.ip.is_link_local and parsed.version == 6:
        raise InputError(
            f"{where}: {what} {value!r} is link-local: IPv6 makes these by itself",
            remedy="use a global or unique local address",
        )
    return parsed


def interfaces(values: Iterable[str], where: str, what: str = "address") -> tuple[str, ...]:
    """The addresses of one device as ``ip address`` prints them, each :func:`interface`, once."""
    found: dict[IPAddress, str] = {}
    for value in values:
        parsed = interface(value, where, what)
        if parsed.ip in found:
            raise InputError(
                f"{where}: {what} {parsed.ip} is given twice", remedy="give every address once"
            )
        found[parsed.ip] = str(parsed)
    return tuple(found.values())


def mac_address(value: str, where: str, what: str = "mac_address") -> str:
    """A unicast Ethernet address, returned in lower case."""
    if not _MAC.match(value):
        raise InputError(
            f"{where}: {what} {value!r} is not an Ethernet address",
            remedy="write it as 02:00:00:00:00:01",
        )
    if value.lower() == "00:00:00:00:00:00" or int(value[:2], 16) & 1:
        raise InputError(
            f"{where}: {what} {value!r} is not a unicast Ethernet address",
            remedy="clear the lowest bit of the first byte, and do not use all zeros",
        )
    return value.lower()
