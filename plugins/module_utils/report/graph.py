# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A segment as a drawing: hosts on a circle, a hub in its middle; only geometry, and pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Optional

from ..verdict.codes import BROKEN, OK, WARNING
from .model import UNSEEN, SegmentView

# Beyond this nobody can read it, and the matrix leads.
DRAWN_HOSTS = 60
_BOXES = 10  # hosts that are drawn as boxes with their names inside
_NAME = 14  # letters of a name
_SIDE = 480.0
_BOX = (92.0, 40.0)
_ORDER = (OK, UNSEEN, WARNING, BROKEN)  # the worst on top


@dataclass(frozen=True)
class Node:
    """A host. ``turn``: degrees by which its label is turned, ``anchor``: where it starts."""

    name: str
    note: str
    status: str
    x: float
    y: float
    label_x: float
    label_y: float
    turn: float = 0.0
    anchor: str = "middle"


@dataclass(frozen=True)
class Edge:
    """A pair that holds tunnels to each other.

    :ivar marked: it has a sign; where a host is broken as a whole, the host has it.
    """

    ends: tuple[str, str]
    status: str
    code: str
    marked: bool
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def middle(self) -> tuple[float, float]:
        """Where its sign is: off the middle, so that the signs of crossing lines do not meet."""
        return (
            round(self.x1 + (self.x2 - self.x1) * 0.42, 1),
            round(self.y1 + (self.y2 - self.y1) * 0.42, 1),
        )


@dataclass(frozen=True)
class Graph:
    """Everything to draw, in a square of ``side``."""

    side: float
    boxes: bool
    box: tuple[float, float]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph(segment: SegmentView, hosts: dict[str, Any]) -> Optional[Graph]:
    """The drawing; None of a segment with too many hosts.

    :param hosts: name -> HostView, of the hosts of this run.
    """
    members = segment.members
    if not 1 < len(members) <= DRAWN_HOSTS:
        return None
    boxes = len(members) <= _BOXES
    longest = min(_NAME, max(map(len, members)))
    radius = _SIDE / 2 - (54 if boxes else 34 + 6 * longest)
    whole = frozenset(
        name for name, host in hosts.items() if host.status == BROKEN and host.breaks > 1
    )
    places = _places(segment, radius)
    nodes = tuple(_node(segment, name, places[name], hosts, boxes, radius) for name in members)
    edges = [
        _edge(segment, one, other, places, whole)
        for index, one in enumerate(members)
        for other in members[index + 1 :]
        if other in segment.links[one]
    ]
    edges.sort(key=lambda edge: _ORDER.index(edge.status))
    return Graph(_SIDE, boxes, _BOX, nodes, tuple(edges))


def _places(segment: SegmentView, radius: float) -> dict[str, tuple[float, float, float]]:
    """Member -> x, y and its angle; the first one on top."""
    ring = [name for name in segment.members if name != segment.hub]
    middle = _SIDE / 2
    found = {segment.hub: (middle, middle, 0.0)} if segment.hub else {}
    for index, name in enumerate(ring):
        angle = 2 * math.pi * index / len(ring) - math.pi / 2
        x, y = middle + radius * math.cos(angle), middle + radius * math.sin(angle)
        found[name] = (round(x, 1), round(y, 1), angle)
    return found


def _node(
    segment: SegmentView,
    name: str,
    place: tuple[float, float, float],
    hosts: dict[str, Any],
    boxes: bool,
    radius: float,
) -> Node:
    x, y, angle = place
    host = hosts.get(name)
    status = host.status if host else UNSEEN
    note = host.endpoint if host else "not part of this run"
    if boxes:
        return Node(name, note, status, x, y, x, y)
    if name == segment.hub:
        return Node(name, note, status, x, y, x, y - 12)
    out = (radius + 10) / radius
    label_x = _SIDE / 2 + (x - _SIDE / 2) * out
    label_y = _SIDE / 2 + (y - _SIDE / 2) * out
    left = math.cos(angle) < -1e-9
    turn = math.degrees(angle) + (180 if left else 0)
    return Node(
        name,
        note,
        status,
        x,
        y,
        round(label_x, 1),
        round(label_y, 1),
        round(turn, 1),
        "end" if left else "start",
    )


def _edge(
    segment: SegmentView,
    one: str,
    other: str,
    places: dict[str, tuple[float, float, float]],
    whole: frozenset[str],
) -> Edge:
    pair = segment.pairs.get((one, other))
    root = pair.root if pair else None
    return Edge(
        (one, other),
        pair.status if pair else OK,
        root.code if root else "",
        pair is not None and not (root and root.host in whole),
        *places[one][:2],
        *places[other][:2],
    )
