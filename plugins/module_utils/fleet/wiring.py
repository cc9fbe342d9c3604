# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports are protected (``Port.protected``, split horizon), and what the switches look like.

A set of members that are all linked with each other needs split horizon among its ports, or
every broadcast circles for ever. A member that joins two such sets, or a set and single links,
relays between them. So the links of a segment are taken apart into blocks (maximal parts that
no single member can cut): a block of two is a plain link, a larger one must be a full mesh, and
its ports are protected. One member has one kind of protected port only, therefore it can be
part of one larger block at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from . import flood
from .model import CUSTOM, FULL, KERNEL, Fleet, Segment


class Others(AbstractSet[str]):
    """All members but one, without a copy of the set for each."""

    def __init__(self, everybody: frozenset[str], but: str) -> None:
        self._everybody = everybody
        self._but = but

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> frozenset[str]:  # type: ignore[override]
        return frozenset(it)

    def __contains__(self, name: object) -> bool:
        return name != self._but and name in self._everybody

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._everybody if name != self._but)

    def __len__(self) -> int:
        return len(self._everybody) - 1


def blocks(neighbours: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """The biconnected components of a graph as sets of members (Hopcroft and Tarjan, 1973)."""
    found: list[frozenset[str]] = []
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    for root in neighbours:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        path: list[str] = [root]
        stack = [(root, "", iter(neighbours[root]))]
        while stack:
            name, parent, rest = stack[-1]
            for peer in rest:
                if peer == parent:
                    continue
                if peer in order:
                    low[name] = min(low[name], order[peer])
                    continue
                order[peer] = low[peer] = len(order)
                path.append(peer)
                stack.append((peer, name, iter(neighbours[peer])))
                break
            else:
                stack.pop()
                if stack:
                    low[parent] = min(low[parent], low[name])
                    if low[name] >= order[parent]:
                        cut = path.index(name)
                        found.append(frozenset((parent, *path[cut:])))
                        del path[cut:]
    return found


def guarded_ports(segment: Segment) -> dict[str, tuple[str, ...]]:
    """Member -> peers whose ports are protected, for a ``custom`` topology.

    What cannot be made sound is left as it comes: the flooding proof then names the fault.
    """
    neighbours = segment.neighbours()
    guarded: dict[str, tuple[str, ...]] = {}
    for block in blocks(neighbours):
        if len(block) < 3:
            continue
        for name in block:
            inside = tuple(peer for peer in neighbours[name] if peer in block)
            guarded[name] = guarded.get(name, ()) + inside
    return guarded


def is_guarded(fleet: Fleet, segment: Segment, host: str, peer: str) -> bool:
    """True where the port on ``host`` towards ``peer`` never relays to its like."""
    if fleet.members[host].backend == KERNEL or segment.topology == FULL:
        return True
    return segment.topology == CUSTOM and peer in segment.guarded.get(host, ())


def nodes(fleet: Fleet, segment: Segment) -> dict[str, flood.Node]:
    """The members of a segment as the flooding proof sees them."""
    if segment.topology == FULL:
        everybody = frozenset(segment.members)
        return {name: flood.Node(Others(everybody, name), frozenset()) for name in segment.members}
    result = {}
    for name, peers in segment.neighbours().items():
        guarded = frozenset(p for p in peers if is_guarded(fleet, segment, name, p))
        result[name] = flood.Node(guarded, frozenset(peers) - guarded)
    return result
