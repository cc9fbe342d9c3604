# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proof by simulation: every broadcast reaches every member exactly once.

The rule of a host is that of an OVS bridge with ``NORMAL`` (ofproto/ofproto-dpif-xlate.c,
xlate_normal_flood): a frame leaves by every port but the one it came in by, and never goes from
a protected port to a protected port. A bare datapath with one VXLAN device hands what comes in
to its local port only: all of its ports are protected, in these terms.

The simulation follows every copy of every frame. It costs one step per delivery (members
squared for a sound segment) because which ports a copy is relayed to is looked up, not searched,
and it stops at the first fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Optional

ONE_SIDED = "one_sided"
LOOP = "loop"
UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Node:
    """The tunnel ports of one member, named by the peer at their other end."""

    guarded: AbstractSet[str]
    free: AbstractSet[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "every", (*self.guarded, *self.free))

    every: tuple[str, ...] = ()

    def knows(self, peer: str) -> bool:
        """True where there is a tunnel to ``peer``."""
        return peer in self.guarded or peer in self.free

    def relays(self, sender: str) -> Sequence[str]:
        """Where a frame that came in from ``sender`` goes."""
        if sender in self.guarded:
            return tuple(self.free) if self.free else ()
        return tuple(peer for peer in self.every if peer != sender)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a segment.

    :ivar kind: LOOP (``paths``: the two ways that a frame takes to one member), UNREACHABLE
        (``missing``: who never hears ``origin``) or ONE_SIDED (``paths``: a tunnel without its
        opposite).
    """

    kind: str
    origin: str
    paths: tuple[tuple[str, ...], ...] = ()
    missing: tuple[str, ...] = ()


def first_fault(nodes: Mapping[str, Node]) -> Optional[Fault]:
    """The first fault met when every member in turn sends one broadcast, or None: it is sound."""
    for origin in nodes:
        fault = _flood(nodes, origin)
        if fault:
            return fault
    return None


def _flood(nodes: Mapping[str, Node], origin: str) -> Optional[Fault]:
    """One broadcast of ``origin``, wave by wave."""
    came_from: dict[str, str] = {origin: origin}
    wave: list[tuple[str, Sequence[str]]] = [(origin, nodes[origin].every)]
    while wave:
        arrived: list[tuple[str, Sequence[str]]] = []
        for sender, receivers in wave:
            for receiver in receivers:
                if receiver in came_from:
                    paths = (_path(came_from, receiver), (*_path(came_from, sender), receiver))
                    return Fault(LOOP, origin, paths)
                node = nodes[receiver]
                if not node.knows(sender):
                    return Fault(ONE_SIDED, origin, ((sender, receiver),))
                came_from[receiver] = sender
                onward = node.relays(sender)
                if onward:
                    arrived.append((receiver, onward))
        wave = arrived
    if len(came_from) < len(nodes):
        missing = tuple(name for name in nodes if name not in came_from)
        return Fault(UNREACHABLE, origin, missing=missing)
    return None


def _path(came_from: Mapping[str, str], name: str) -> tuple[str, ...]:
    path = [name]
    while came_from[name] != name:
        name = came_from[name]
        path.append(name)
    return tuple(reversed(path))
