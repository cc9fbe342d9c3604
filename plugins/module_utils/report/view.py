# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as what the template shows: everything decided, nothing laid out; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ..verdict.codes import BROKEN, DATA, HOST, MANAGEMENT, OK, UNDERLAY, WARNING
from .compare import Comparison, compare
from .document import document, dump
from .graph import graph
from .matrix import matrix
from .model import UNSEEN, HostView, Pair, Problem, Report, SegmentView
from .planes import COLUMNS
from .table import causes

_NAMED_PAIRS = 12  # pairs that a problem lists by name
_SHOWN_PROBLEMS = 200
_TITLES = {
    "row": "Database row",
    "ofport": "OpenFlow port",
    "vport": "Kernel vport",
    "device": "Device",
    "flood": "Flood list",
    "underlay": "Underlay",
}


@dataclass(frozen=True)
class Card:
    """One root cause with what it breaks.

    :ivar news: ``new`` or ``known`` when there is a report to compare with.
    """

    id: str
    problem: Problem
    pairs: tuple[tuple[str, str], ...]
    more: int
    total: int
    news: str


def page(report: Report, baseline: Optional[Mapping[str, Any]], title: str) -> dict[str, Any]:
    """The variables of the template."""
    comparison = compare(report, baseline) if baseline else None
    roots = causes(report)
    ids = {problem: f"p{number}" for number, problem in enumerate(roots, 1)}
    shown = {problem: ids[problem] for problem in roots[:_SHOWN_PROBLEMS]}
    hosts = {host.name: host for host in report.hosts}
    run = frozenset(hosts)
    return {
        "title": title,
        "places": {
            HOST: "host",
            UNDERLAY: "underlay",
            DATA: "data plane",
            MANAGEMENT: "management plane",
        },
        "report": report,
        "counts": report.counts,
        "pairs": sum(report.counts.values()),
        "headline": headline(report),
        "comparison": comparison,
        "cards": _cards(report, shown, comparison),
        "more_cards": len(roots) - len(shown),
        "segments": [
            {
                "view": segment,
                "total": sum(segment.counts.values()),
                "graph": graph(segment, hosts),
                "matrix": matrix(segment, shown, run),
                "latency": latency(segment),
            }
            for segment in report.segments
        ],
        "hosts": sorted(report.hosts, key=_worst_first),
        "many_hosts": len(report.hosts) > _SHOWN_PROBLEMS // 10,
        "columns": [(key, _TITLES[key]) for key in COLUMNS],
        "signs": {BROKEN: "\u00d7", WARNING: "!", UNSEEN: "?", OK: "\u2713"},
        "document": dump(document(report, good_pairs=False)),
    }


def headline(report: Report) -> str:
    """The state of the mesh in one sentence."""
    counts = report.counts
    total = sum(counts.values())
    if counts[BROKEN]:
        verb = "is" if counts[BROKEN] == 1 else "are"
        return f"{counts[BROKEN]} of {_plural(total, 'pair')} {verb} broken"
    if report.bad_hosts:
        return f"{_plural(len(report.bad_hosts), 'host')} in trouble, no pair is broken"
    if counts[UNSEEN]:
        return f"Nothing is broken; {_plural(counts[UNSEEN], 'pair')} could not be seen"
    if counts[WARNING]:
        return f"Nothing is broken; {_plural(counts[WARNING], 'pair')} with a warning"
    if total == 1:
        return "The only pair carries full-size packets"
    return f"All {total} pairs carry full-size packets"


def latency(segment: SegmentView) -> str:
    """The median and the worst round trip of a segment, in milliseconds."""
    found = sorted(
        measure.rtt
        for peers in segment.measures.values()
        for measure in peers.values()
        if measure.rtt is not None
    )
    if not found:
        return ""
    return f"{found[len(found) // 2]:.1f} ms median, {found[-1]:.1f} ms at most"


def _cards(
    report: Report, ids: Mapping[Problem, str], comparison: Optional[Comparison]
) -> list[Card]:
    broken: dict[Problem, list[Pair]] = {}
    for segment in report.segments:
        for pair in segment.pairs.values():
            if pair.root is not None:
                broken.setdefault(pair.root, []).append(pair)
    return [
        _card(problem, key, broken.get(problem, ()), comparison) for problem, key in ids.items()
    ]


def _card(
    problem: Problem, key: str, pairs: Sequence[Pair], comparison: Optional[Comparison]
) -> Card:
    news = ""
    if comparison is not None:
        news = "known" if (problem.code, problem.host) in comparison.since else "new"
    named = tuple(dict.fromkeys(pair.ends for pair in pairs))
    return Card(key, problem, named[:_NAMED_PAIRS], len(named[_NAMED_PAIRS:]), len(named), news)


def _worst_first(host: HostView) -> tuple[int, int]:
    return ((BROKEN, WARNING, OK).index(host.status), -host.breaks)


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
