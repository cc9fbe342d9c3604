# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Netlink messages from bytes to the model; pure and without pyroute2.

Dumps are decoded here because decoding is where a general library spends its time: with 1000
devices a link dump costs the kernel 4 ms, and 2 s of Python in a small guest.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from ..core.errors import EnvironmentProblem
from .attributes import ATTRIBUTES, DEFAULTS, GROUP6, LINK, LOCAL6
from .model import Datapath, Flow, Link, Vport

IFF_UP = 1
KEY_IN_PORT, KEY_TUNNEL = 3, 16  # enum ovs_key_attr
NATIVE: Literal["little", "big"] = sys.byteorder
_BY_NUMBER = {attribute.number: attribute for attribute in ATTRIBUTES.values()}
Message = TypeVar("Message")


def _readable(parse: Callable[[bytes], Message]) -> Callable[[bytes], Message]:
    """A message that is cut short or unlike what is known becomes an error that says so."""

    @functools.wraps(parse)
    def guarded(body: bytes) -> Message:
        try:
            return parse(body)
        except (struct.error, ValueError, KeyError) as error:
            raise EnvironmentProblem(
                f"the kernel sent a message about a {parse.__name__} that cannot be read: {error}",
                culprit=f"{len(body)} bytes: {body[:64].hex()}",
                remedy="report it together with the output of 'uname -a'",
            ) from error

    return guarded


def attributes(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Walk netlink attributes as (type without flags, payload); stops at a malformed one."""
    end = len(data)
    while offset + 4 <= end:
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4 or offset + length > end:
            return
        yield kind & 0x3FFF, data[offset + 4 : offset + length]
        offset += (length + 3) & ~3


def _text(payload: bytes) -> str:
    return payload.split(b"\0", 1)[0].decode("utf-8", "replace")


def _number(payload: bytes) -> int:
    return int.from_bytes(payload[:8], NATIVE)


def _address(payload: bytes) -> str | None:
    parsed = ipaddress.ip_address(payload)
    return None if parsed.is_unspecified else str(parsed)


def _value(wire: str, payload: bytes) -> Any:
    if wire == "flag":
        return True
    if wire == "bool":
        return bool(payload and payload[0])
    if wire == "ip":
        return _address(payload)
    if wire == "ports":
        return struct.unpack(">HH", payload[:4])
    if wire.startswith("be"):
        return int.from_bytes(payload, "big")
    return _number(payload)


def vxlan_attrs(data: bytes) -> tuple[dict[str, Any], int]:
    """IFLA_INFO_DATA of a VXLAN device: (attributes with defaults, ifindex of the lower device).

    The kernel leaves out group, local address, link and flags that are not set
    (vxlan_fill_info()). TTL_INHERIT is a u8 here although it is a flag when set.
    """
    attrs = dict(DEFAULTS)
    lower = 0
    for number, payload in attributes(data):
        if number == LINK:
            lower = _number(payload)
        elif number == GROUP6:
            attrs["group"] = _address(payload)
        elif number == LOCAL6:
            attrs["local_ip"] = _address(payload)
        elif number in _BY_NUMBER:
            attribute = _BY_NUMBER[number]
            attrs[attribute.name] = _value(attribute.wire, payload)
    return attrs, lower


@_readable
def link(body: bytes) -> Link:
    """The body of an RTM_NEWLINK message: struct ifinfomsg and attributes."""
    _family, _pad, _type, ifindex, flags, _change = struct.unpack_from("=BBHiII", body)
    fields: dict[str, Any] = {"ifindex": ifindex, "up": bool(flags & IFF_UP), "name": ""}
    for number, payload in attributes(body, 16):
        if number in _LINK_FIELDS:
            name, convert = _LINK_FIELDS[number]
            fields[name] = convert(payload)
        elif number == IFLA_LINKINFO:
            fields.update(_linkinfo(payload))
    return Link(**fields)


def _mac(payload: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in payload)


def _signed(payload: bytes) -> int:
    return int.from_bytes(payload[:4], NATIVE, signed=True)


def _linkinfo(data: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    found = dict(attributes(data))
    if 1 in found:
        fields["kind"] = _text(found[1])
    if 4 in found:
        fields["slave_kind"] = _text(found[4])
    if fields.get("kind") == "vxlan":
        fields["attrs"], fields["lower"] = vxlan_attrs(found.get(2, b""))
    return fields


def _statistics(payload: bytes) -> dict[str, int]:
    """struct rtnl_link_stats64: the first eight counters."""
    names = "rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped tx_dropped"
    return dict(zip(names.split(), struct.unpack_from("=8Q", payload)))


# enum IFLA_*, include/uapi/linux/if_link.h: field of Link, conversion.
IFLA_LINKINFO = 18
_LINK_FIELDS: dict[int, tuple[str, Callable[[bytes], Any]]] = {
    1: ("mac", _mac),
    3: ("name", _text),
    4: ("mtu", _number),
    5: ("stacked_on", _number),
    10: ("master", _number),
    20: ("alias", _text),
    23: ("statistics", _statistics),
    27: ("link_group", _number),
    30: ("promiscuity", _number),
    37: ("netnsid", _signed),
}


@_readable
def flood_entry(body: bytes) -> tuple[int, str] | None:
    """An RTM_NEWNEIGH body of AF_BRIDGE: (ifindex, destination) if it is an all-zero entry."""
    ifindex = struct.unpack_from("=BBHi", body)[3]
    found = dict(attributes(body, 12))
    if found.get(2) != b"\0" * 6 or 1 not in found:
        return None
    destination = _address(found[1])
    return None if destination is None else (ifindex, destination)


@_readable
def address(body: bytes) -> tuple[int, str, int] | None:
    """An RTM_NEWADDR body: (ifindex, address/prefix, scope). IFA_LOCAL wins (peer links).

    None for what is no IP address: a dump of all families has those of MCTP and phonet, too.
    """
    family, prefix, _flags, scope, ifindex = struct.unpack_from("=BBBBI", body)
    found = dict(attributes(body, 8))
    payload = found.get(2, found.get(1))
    if payload is None or family not in (socket.AF_INET, socket.AF_INET6):
        return None
    return ifindex, f"{ipaddress.ip_address(payload)}/{prefix}", scope


@_readable
def datapath(body: bytes) -> Datapath:
    """The body of an ``ovs_datapath`` message: genlmsghdr, ovs_header and attributes."""
    ifindex = struct.unpack_from("=i", body, 4)[0]
    found = dict(attributes(body, 8))
    return Datapath(
        ifindex,
        _text(found.get(1, b"")),
        _number(found.get(5, b"\0" * 4)),
        per_cpu=any(found.get(8, b"")),
        upcalls=_upcalls(found.get(3, b"")),
    )


def _upcalls(statistics: bytes) -> tuple[int, int]:
    """n_missed and n_lost of struct ovs_dp_stats, include/uapi/linux/openvswitch.h."""
    missed, lost = struct.unpack_from("=QQ", statistics, 8) if len(statistics) >= 24 else (0, 0)
    return missed, lost


@_readable
def vport(body: bytes) -> Vport:
    """The body of an ``ovs_vport`` message. Options are there for tunnel types only."""
    found = dict(attributes(body, 8))
    options = dict(attributes(found.get(4, b"")))
    extension = dict(attributes(options.get(2, b"")))
    return Vport(
        port_no=_number(found[1]),
        name=_text(found[3]),
        type=_number(found[2]),
        ifindex=_number(found.get(8, b"\0")),
        dst_port=_number(options[1]) if 1 in options else None,
        gbp=1 in extension,
        upcall_pid=_number(found.get(5, b"\0")[:4]),
    )


@_readable
def flow(body: bytes) -> Flow:
    """The body of an ``ovs_flow`` message, as far as it is one port to one port."""
    found = dict(attributes(body, 8))
    key, mask = dict(attributes(found.get(1, b""))), dict(attributes(found.get(7, b"")))
    actions = list(attributes(found.get(2, b"")))
    ufid = found.get(9, b"")
    if mask.get(KEY_IN_PORT) != b"\xff" * 4 or KEY_IN_PORT not in key:
        return Flow(None, None, ufid, wildcard=False)
    output = _number(actions[0][1]) if len(actions) == 1 and actions[0][0] == 1 else None
    exact = any(_exact(kind, value) for kind, value in mask.items() if kind != KEY_IN_PORT)
    return Flow(_number(key[KEY_IN_PORT]), output, ufid, wildcard=not exact)


def _exact(kind: int, value: bytes) -> bool:
    """A mask attribute that has a bit set; the tunnel's mask is a nest of attributes."""
    if kind == KEY_TUNNEL:
        return any(any(part) for _kind, part in attributes(value))
    return any(value)
