# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh consists of. Plain values; nothing here computes anything hard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

KERNEL = "kernel"
OVSDB = "ovsdb"
FULL = "full"
HUB_SPOKE = "hub_spoke"
CUSTOM = "custom"

# Outer Ethernet, IP, UDP and VXLAN headers: drivers/net/vxlan, VXLAN_HEADROOM and
# VXLAN6_HEADROOM (include/net/vxlan.h).
OVERHEAD = {4: 50, 6: 70}

# Settings of one end of a tunnel, with their built-in defaults.
DEFAULTS: Mapping[str, Any] = {
    "dst_port": 4789,
    "ttl": 64,
    "tos": None,
    "df": "set",
    "csum": None,
    "gbp": False,
}


@dataclass(frozen=True)
class Member:
    """One host of the mesh (a VTEP).

    :ivar underlay_mtu: bytes that the underlay device carries; None where it is not known.
    :ivar addresses: segment name -> overlay addresses with prefix.
    :ivar settings: overrides of DEFAULTS that hold for this host.
    """

    name: str
    endpoint: str
    backend: str
    device: Optional[str] = None
    underlay_mtu: Optional[int] = None
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A pair of members, and what is special about it.

    :ivar mtu: bytes that the underlay path between the two carries, where it is less than
        what their devices carry.
    :ivar endpoints: member -> underlay address for this link only.
    """

    ends: tuple[str, str]
    mtu: Optional[int] = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def special(self) -> bool:
        """True where the link differs from what its two members say by themselves."""
        return bool(self.mtu or self.endpoints or self.settings)


@dataclass(frozen=True)
class Segment:
    """One overlay network.

    :ivar links: of a ``custom`` topology all links; otherwise only the special ones.
    :ivar device: the host's own device in the segment (datapath, bridge or internal port).
    :ivar bridge: OVS bridge that holds the tunnels on hosts of backend ``ovsdb``.
    :ivar guarded: ``custom`` only: member -> peers whose ports are protected (split horizon).
    :ivar mtu: overlay MTU in bytes; 0 until the plan has worked it out.
    """

    name: str
    vni: int
    members: tuple[str, ...]
    topology: str = FULL
    tag: Optional[int] = None
    hub: Optional[str] = None
    links: tuple[Link, ...] = ()
    device: str = ""
    bridge: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    wanted_mtu: Optional[int] = None
    mtu: int = 0
    guarded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every link of the segment as a pair of members, each pair once."""
        if self.topology == FULL:
            for index, one in enumerate(self.members):
                for other in self.members[index + 1 :]:
                    yield one, other
        elif self.topology == HUB_SPOKE:
            for member in self.members:
                if member != self.hub:
                    yield str(self.hub), member
        else:
            for link in self.links:
                yield link.ends

    def neighbours(self) -> Mapping[str, tuple[str, ...]]:
        """Member -> the peers that it holds a tunnel to, in the order of the members."""
        if self.topology == FULL:
            return {
                name: self.members[:index] + self.members[index + 1 :]
                for index, name in enumerate(self.members)
            }
        found: dict[str, list[str]] = {name: [] for name in self.members}
        for one, other in self.pairs():
            found[one].append(other)
            found[other].append(one)
        rank = {name: index for index, name in enumerate(self.members)}
        return {name: tuple(sorted(peers, key=rank.__getitem__)) for name, peers in found.items()}

    def peers_of(self, name: str) -> tuple[str, ...]:
        """The peers that ``name`` holds a tunnel to."""
        if name not in self.members:
            return ()
        if self.topology == FULL:
            return tuple(member for member in self.members if member != name)
        return self.neighbours()[name]

    def link_between(self, one: str, other: str) -> Optional[Link]:
        """What is special about the link between the two, if anything."""
        return self._special.get(frozenset((one, other)))

    @property
    def _special(self) -> Mapping[frozenset[str], Link]:
        cache = self.__dict__.get("_special_cache")
        if cache is None:
            cache = {frozenset(link.ends): link for link in self.links if link.special}
            object.__setattr__(self, "_special_cache", cache)
        found: Mapping[frozenset[str], Link] = cache
        return found


@dataclass(frozen=True)
class Fleet:
    """A whole mesh.

    :ivar settings: overrides of DEFAULTS that hold for all.
    :ivar bfd: keys of the Interface column ``bfd``, for hosts of backend ``ovsdb``.
    :ivar notes: what the user should know although the plan is sound.
    """

    members: Mapping[str, Member]
    segments: tuple[Segment, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    bfd: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def setting(self, key: str, segment: Segment, host: str, link: Optional[Link]) -> Any:
        """The value of one of DEFAULTS at the end ``host`` of a link: the closest word wins.

        Link before host before segment before mesh before the built-in default.
        """
        sources = (
            link.settings if link else {},
            self.members[host].settings,
            segment.settings,
            self.settings,
        )
        for source in sources:
            if source.get(key) is not None:
                return source[key]
        return DEFAULTS[key]

    def endpoint(self, host: str, link: Optional[Link]) -> str:
        """The underlay address of ``host`` on a link."""
        if link and host in link.endpoints:
            return link.endpoints[host]
        return self.members[host].endpoint
