# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MTUs: what the underlay carries, less the encapsulation, is what the overlay can carry."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from ..core.errors import InputError
from .model import OVERHEAD, Fleet, Link, Segment

# Taken where no host knows its underlay MTU: that of plain Ethernet.
ASSUMED_UNDERLAY_MTU = 1500
# RFC 8200 section 5 and RFC 791 section 3.1.
LEAST_MTU = {4: 68, 6: 1280}


@dataclass(frozen=True)
class Limit:
    """An overlay MTU in bytes and the host or link that sets it."""

    mtu: int
    why: str
    assumed: bool = False


def overhead(endpoint: str) -> int:
    """Bytes that the encapsulation adds on an underlay of this address's family."""
    return OVERHEAD[ipaddress.ip_address(endpoint).version]


def limit(fleet: Fleet, segment: Segment) -> Limit:
    """The largest overlay MTU that every path of the segment carries.

    Members whose underlay MTU is not known count like the smallest known one.
    """
    known = [m.underlay_mtu for m in fleet.members.values() if m.underlay_mtu]
    fallback = min(known, default=ASSUMED_UNDERLAY_MTU)
    limits = list(_host_limits(fleet, segment, fallback))
    limits += [_link_limit(fleet, link, fallback) for link in segment.links if link.special]
    if not limits:
        return Limit(fallback - OVERHEAD[4], "no member")
    return min(limits, key=lambda entry: (entry.mtu, entry.assumed))


def _host_limits(fleet: Fleet, segment: Segment, fallback: int) -> Iterator[Limit]:
    for name in segment.members:
        member = fleet.members[name]
        carried = member.underlay_mtu or fallback
        extra = overhead(member.endpoint)
        assumed = "" if member.underlay_mtu else " (assumed)"
        why = f"{name} carries {carried}{assumed}, less {extra}"
        yield Limit(carried - extra, why, not member.underlay_mtu)


def _link_limit(fleet: Fleet, link: Link, fallback: int) -> Limit:
    ends = [fleet.endpoint(end, link) for end in link.ends]
    extra = max(overhead(end) for end in ends)
    carried = min(fleet.members[end].underlay_mtu or fallback for end in link.ends)
    if link.mtu:
        carried = min(carried, link.mtu)
    label = f"the path {link.ends[0]} - {link.ends[1]}"
    return Limit(carried - extra, f"{label} carries {carried}, less {extra}")


def overlay_mtu(fleet: Fleet, segment: Segment) -> int:
    """The MTU of a segment: what was asked for, or the largest possible.

    :raises InputError: more is asked for than a path carries, or too little is left for IP.
    """
    most = limit(fleet, segment)
    if segment.wanted_mtu is not None and segment.wanted_mtu > most.mtu:
        raise InputError(
            f"segment {segment.name}: an MTU of {segment.wanted_mtu} does not fit the underlay",
            culprit=most.why,
            remedy=f"ask for at most {most.mtu}, or leave it at 'auto'",
        )
    mtu = most.mtu if segment.wanted_mtu is None else segment.wanted_mtu
    family = 6 if _carries_ipv6(fleet, segment) else 4
    if mtu < LEAST_MTU[family]:
        raise InputError(
            f"segment {segment.name}: an MTU of {mtu} is too small for IPv{family} on the overlay",
            culprit=most.why,
            remedy=f"at least {LEAST_MTU[family]} is needed: raise the MTU of the underlay",
        )
    return mtu


def _carries_ipv6(fleet: Fleet, segment: Segment) -> bool:
    return any(
        ":" in address
        for name in segment.members
        for address in fleet.members[name].addresses.get(segment.name, ())
    )
