# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan for people: a table, and graphs in Mermaid and DOT."""

from __future__ import annotations

from . import names, wiring
from .model import FULL, KERNEL, Fleet, Segment

# A full mesh of more members than this is drawn as members around a cloud: its links grow with
# the square, and nobody can read them.
DRAWN_MEMBERS = 8


def table(fleet: Fleet) -> str:
    """One line per member and segment."""
    rows = [
        (
            "SEGMENT",
            "VNI",
            "TOPOLOGY",
            "HOST",
            "ENDPOINT",
            "BACKEND",
            "DEVICE",
            "MTU",
            "PEERS",
            "OVERLAY",
        )
    ]
    for segment in fleet.segments:
        neighbours = segment.neighbours()
        for name in segment.members:
            member = fleet.members[name]
            rows.append(
                (
                    segment.name,
                    str(segment.vni),
                    segment.topology,
                    name,
                    member.endpoint,
                    member.backend,
                    names.own_device(segment, member.backend),
                    str(segment.mtu),
                    str(len(neighbours[name])),
                    " ".join(member.addresses.get(segment.name, ())) or "-",
                )
            )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def mermaid(fleet: Fleet) -> str:
    """The whole mesh as a Mermaid flowchart, a subgraph per segment."""
    lines = ["flowchart LR"]
    for index, segment in enumerate(fleet.segments):
        ids = {name: f"s{index}n{number}" for number, name in enumerate(segment.members)}
        lines.append(f'  subgraph s{index}["{_title(segment)}"]')
        lines += [f'    {ids[name]}["{_label(fleet, name, "<br/>")}"]' for name in segment.members]
        if _too_dense(segment):
            lines.append(f'    s{index}all(("full mesh of {len(segment.members)}"))')
            lines += [f"    {ids[name]} --- s{index}all" for name in segment.members]
        else:
            lines += [
                f"    {ids[one]} {'---' if _guarded(fleet, segment, one, other) else '==='} "
                f"{ids[other]}"
                for one, other in segment.pairs()
            ]
        lines.append("  end")
    return "\n".join(lines) + "\n"


def dot(fleet: Fleet) -> str:
    """The whole mesh for Graphviz, a cluster per segment; links that relay are bold."""
    lines = ["graph mesh {", "  layout=fdp; node [shape=box];"]
    for index, segment in enumerate(fleet.segments):
        ids = {name: f'"{segment.name}/{name}"' for name in segment.members}
        lines.append(f"  subgraph cluster_{index} {{")
        lines.append(f'    label="{_title(segment)}";')
        lines += [
            f'    {ids[name]} [label="{_label(fleet, name, chr(92) + "n")}"];'
            for name in segment.members
        ]
        if _too_dense(segment):
            cloud = f'"{segment.name}/"'
            lines.append(f'    {cloud} [shape=ellipse,label="full mesh of {len(ids)}"];')
            lines += [f"    {ids[name]} -- {cloud};" for name in segment.members]
        else:
            lines += [
                f"    {ids[one]} -- {ids[other]}"
                + (";" if _guarded(fleet, segment, one, other) else " [style=bold];")
                for one, other in segment.pairs()
            ]
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _too_dense(segment: Segment) -> bool:
    return segment.topology == FULL and len(segment.members) > DRAWN_MEMBERS


def _title(segment: Segment) -> str:
    tag = f", tag {segment.tag}" if segment.tag else ""
    return f"{segment.name}: VNI {segment.vni}{tag}, MTU {segment.mtu}, {segment.topology}"


def _label(fleet: Fleet, name: str, newline: str) -> str:
    member = fleet.members[name]
    bare = f"{newline}bare datapath" if member.backend == KERNEL else ""
    return f"{name}{newline}{member.endpoint}{bare}"


def _guarded(fleet: Fleet, segment: Segment, one: str, other: str) -> bool:
    """True where neither end relays between this link and its like."""
    return wiring.is_guarded(fleet, segment, one, other) and wiring.is_guarded(
        fleet, segment, other, one
    )
