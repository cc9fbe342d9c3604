# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a whole fleet: declared, checked, sized and proven, or refused.

Nothing is touched here. What comes out can be handed on as one JSON string (``dump``), from
which every host takes its own part (``host.part``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Optional

from ..core.errors import ConflictError
from . import checks, declare, flood, sizes, wiring
from .model import CUSTOM, FULL, KERNEL, Fleet, Link, Member, Segment

VERSION = 1
PREFIX = "tunnelmesh.ovs-plan "


def build(members: Mapping[str, Mapping[str, Any]], mesh: Mapping[str, Any]) -> Fleet:
    """The proven plan. Parameters as :func:`declare.fleet`.

    :raises TunnelMeshError: the mesh is refused; the message names hosts and remedy.
    """
    fleet = declare.fleet(members, mesh)
    checks.check(fleet)
    segments = tuple(_settle(fleet, segment) for segment in fleet.segments)
    fleet = replace(fleet, segments=segments, notes=tuple(_notes(fleet)))
    proven: set[tuple[Any, ...]] = set()
    for segment in segments:
        links = tuple(link.ends for link in segment.links) if segment.topology == CUSTOM else ()
        shape = (segment.members, segment.topology, segment.hub, links)
        if shape not in proven:
            _prove(fleet, segment)
            proven.add(shape)
    return fleet


def _settle(fleet: Fleet, segment: Segment) -> Segment:
    """Fill in what follows from the rest: protected ports and the MTU."""
    guarded = wiring.guarded_ports(segment) if segment.topology == CUSTOM else {}
    return replace(segment, guarded=guarded, mtu=sizes.overlay_mtu(fleet, segment))


def _notes(fleet: Fleet) -> list[str]:
    unknown = [m.name for m in fleet.members.values() if m.underlay_mtu is None]
    if not unknown:
        return []
    known = [m.underlay_mtu for m in fleet.members.values() if m.underlay_mtu]
    shown = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
    return [
        f"the underlay MTU of {shown} is not known, "
        f"{min(known, default=sizes.ASSUMED_UNDERLAY_MTU)} is assumed"
    ]


def _prove(fleet: Fleet, segment: Segment) -> None:
    """Refuse the segment unless every broadcast reaches every other member exactly once."""
    fault = flood.first_fault(wiring.nodes(fleet, segment))
    if fault is None:
        return
    where = f"segment {segment.name}"
    if fault.kind == flood.UNREACHABLE:
        shown = ", ".join(fault.missing[:10]) + (" and more" if len(fault.missing) > 10 else "")
        raise ConflictError(
            f"{where}: a broadcast of {fault.origin} never reaches {shown}",
            culprit=_why_unreached(fleet, segment),
            remedy="add links, or use topology full",
        )
    ways = " and as ".join(" > ".join(path) for path in fault.paths if len(path) > 1)
    target = fault.paths[-1][-1]
    raise ConflictError(
        f"{where}: a broadcast of {fault.origin} "
        + ("comes back to it" if target == fault.origin else f"reaches {target} twice")
        + ", so that it would circle in the mesh for ever",
        culprit=f"it travels as {ways}",
        remedy="remove a link of this loop, or link all members of the loop with each other",
    )


def _why_unreached(fleet: Fleet, segment: Segment) -> Optional[str]:
    """What keeps members from passing a frame on, when it is not a missing link."""
    neighbours = segment.neighbours()
    kernel = [
        name
        for name, peers in neighbours.items()
        if fleet.members[name].backend == KERNEL and len(peers) > 1
    ]
    if kernel and segment.topology != FULL:
        return (
            f"with the backend {KERNEL} a host never passes on what it receives, so the peers of "
            f"{', '.join(kernel[:5])} have to be linked with each other"
        )
    split = [
        name
        for name, ports in segment.guarded.items()
        if len([block for block in wiring.blocks(neighbours) if name in block and len(block) > 2])
        > 1
    ]
    if split:
        return (
            f"{', '.join(sorted(split)[:5])} joins two full meshes, and split horizon keeps it "
            "from relaying between them"
        )
    return None


def dump(fleet: Fleet) -> str:
    """The plan as one string; grows with members and links, not with their square.

    It is JSON after a first word, because Ansible before 2.19 turns a template's result that
    looks like a list or dictionary into one (Templar.template, convert_data).
    """
    return PREFIX + json.dumps({"version": VERSION, **asdict(fleet)}, separators=(",", ":"))


def load(text: str) -> Fleet:
    """The plan that :func:`dump` wrote.

    :raises ValueError: it is something else.
    """
    if not text.startswith(PREFIX):
        raise ValueError(f"it does not start with {PREFIX!r}")
    raw = json.loads(text[len(PREFIX) :])
    return Fleet(
        members={name: _load_member(entry) for name, entry in raw["members"].items()},
        segments=tuple(_load_segment(entry) for entry in raw["segments"]),
        settings=raw["settings"],
        bfd=raw["bfd"],
        notes=tuple(raw["notes"]),
    )


def _load_member(entry: dict[str, Any]) -> Member:
    addresses = {name: tuple(listed) for name, listed in entry["addresses"].items()}
    return Member(**{**entry, "addresses": addresses})


def _load_segment(entry: dict[str, Any]) -> Segment:
    links = tuple(Link(**{**link, "ends": tuple(link["ends"])}) for link in entry["links"])
    guarded = {name: tuple(peers) for name, peers in entry["guarded"].items()}
    return Segment(
        **{**entry, "members": tuple(entry["members"]), "links": links, "guarded": guarded}
    )
