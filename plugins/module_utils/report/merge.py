# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all hosts saw, merged into pairs with one root cause each; pure.

Takes about as long as there are pings: a mesh of a thousand hosts has a million.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from ..fleet.model import HUB_SPOKE, Fleet, Segment
from ..verdict.codes import BROKEN, OK, WARNING
from .model import UNSEEN, HostView, Measure, Pair, Problem, Record, Report, SegmentView
from .record import LARGE, LOSS, OVERSIZE, SILENT, said, unreachable

Ends = tuple[str, str]
_NOBODY = "an earlier task of this run failed on it"


def merge(
    fleet: Fleet,
    records: Mapping[str, Record],
    run: Sequence[str],
    at: str = "",
    seconds: float = 0.0,
) -> Report:
    """The report.

    :param records: by host; a host of ``run`` without one was not looked at.
    :param run: hosts that are part of this run; the others are only seen by their peers.
    """
    members = [name for name in fleet.members if name in run]
    complete = {name: records.get(name) or Record(name, _NOBODY) for name in members}
    segments = tuple(_Segment(fleet, segment, complete).view() for segment in fleet.segments)
    hosts = tuple(_host(fleet, record, segments) for record in complete.values())
    return Report(at, seconds, hosts, segments)


class _Segment:
    """One segment on its way to a SegmentView."""

    def __init__(self, fleet: Fleet, segment: Segment, records: Mapping[str, Record]) -> None:
        self._fleet, self._segment, self._records = fleet, segment, records
        self._links = segment.neighbours()
        self._place = {name: index for index, name in enumerate(segment.members)}
        self._measures = {
            host: {peer: _worst(found) for peer, found in record.pings[segment.name].items()}
            for host, record in records.items()
            if segment.name in record.pings
        }
        self._found: dict[Ends, list[Problem]] = {}
        for host, record in records.items():
            for problem, affected in record.problems:
                for peer in affected.get(segment.name, ()):
                    self._found.setdefault(self._ends(host, peer), []).append(problem)

    def _ends(self, one: str, other: str) -> Ends:
        return (one, other) if self._place[one] < self._place[other] else (other, one)

    def view(self) -> SegmentView:
        """Every pair that somebody of this run is an end of."""
        pairs: dict[Ends, Pair] = {}
        total = 0
        for one in self._segment.members:
            for other in self._others(one):
                total += 1
                pair = self._pair(one, other)
                if pair.status != OK:
                    pairs[one, other] = pair
        counts = dict.fromkeys((OK, WARNING, BROKEN, UNSEEN), 0)
        for pair in pairs.values():
            counts[pair.status] += 1
        counts[OK] = total - len(pairs)
        return SegmentView(
            self._segment.name,
            self._segment.vni,
            self._segment.mtu,
            self._segment.topology,
            self._segment.members,
            self._segment.hub if self._segment.topology == HUB_SPOKE else None,
            self._measures,
            pairs,
            counts,
            self._links,
        )

    def _others(self, one: str) -> Iterable[str]:
        """Members after ``one`` that it is linked with or that either pinged."""
        mine, linked = self._measures.get(one, {}), set(self._links[one])
        for other in self._segment.members[self._place[one] + 1 :]:
            if one in self._records or other in self._records:
                known = other in linked or other in mine
                if known or one in self._measures.get(other, {}):
                    yield other

    def _pair(self, one: str, other: str) -> Pair:
        ends = (one, other)
        there, back = self._measure(one, other), self._measure(other, one)
        found = list(self._found.get(ends, ()))
        linked = other in self._links[one] if found or self._bad(there, back) else True
        if not found and not self._bad(there, back):
            return Pair(ends) if self._seen(ends, there, back) else self._unseen(ends)
        via = None
        carries = any(m is not None and m.rtt is not None for m in (there, back))
        if not carries:
            found += self._unlooked(ends)
            if not linked and not _broken(found):
                via, found = self._on_the_way(ends)
        for host, peer, measure in ((one, other, there), (other, one, back)):
            found += self._pinged(host, peer, measure, bool(_broken(found)))
        if not found:
            return self._unseen(ends)
        unique = {(p.code, p.host, p.cause): p for p in found}
        problems = tuple(sorted(unique.values(), key=lambda problem: problem.rank))
        return Pair(ends, problems[0].severity, problems, other in self._links[one], via)

    def _measure(self, host: str, peer: str) -> Optional[Measure]:
        return self._measures.get(host, {}).get(peer)

    @staticmethod
    def _bad(*measures: Optional[Measure]) -> bool:
        return any(measure is not None and measure.code for measure in measures)

    def _seen(self, ends: Ends, *measures: Optional[Measure]) -> bool:
        """Something is known: it was measured, or nobody has an address to ping there."""
        return any(measures) or all(
            host in self._records and not self._records[host].reason for host in ends
        )

    def _unseen(self, ends: Ends) -> Pair:
        """Nobody pinged: because a host was not looked at, or is not part of this run."""
        problems = tuple(self._unlooked(ends))
        linked = ends[1] in self._links[ends[0]]
        return Pair(ends, BROKEN if problems else UNSEEN, problems, linked)

    def _unlooked(self, ends: Ends) -> list[Problem]:
        return [
            unreachable(host, self._records[host].reason)
            for host in ends
            if host in self._records and self._records[host].reason
        ]

    def _on_the_way(self, ends: Ends) -> tuple[Optional[Ends], list[Problem]]:
        """The broken link between two members that a third relays between, and its problems."""
        path = self._path(ends)
        for one, other in zip(path, path[1:]):
            link = self._ends(one, other)
            found = _broken(self._found.get(link, ())) or self._unlooked(link)
            if found:
                return link, found
        return None, []

    def _path(self, ends: Ends) -> list[str]:
        """The members on the way between two, both included."""
        before: dict[str, str] = {ends[0]: ends[0]}
        queue = deque([ends[0]])
        while queue and ends[1] not in before:
            here = queue.popleft()
            for peer in self._links[here]:
                if peer not in before:
                    before[peer] = here
                    queue.append(peer)
        path = [ends[1]]
        while path[-1] in before and path[-1] != ends[0]:
            path.append(before[path[-1]])
        return path[::-1]

    def _pinged(
        self, host: str, peer: str, measure: Optional[Measure], explained: bool
    ) -> list[Problem]:
        """The problem that a measure shows, unless it is only the symptom of another."""
        if measure is None or not measure.code:
            return []
        if measure.code == SILENT:
            # A peer that nobody looked at may just not be set up yet.
            if explained or peer not in self._records:
                return []
            port = self._fleet.setting(
                "dst_port", self._segment, host, self._segment.link_between(host, peer)
            )
            facts = {"peer": peer, "dst_port": port}
            return [said(SILENT, host, facts, measure.note or None)]
        sizes = {LARGE: measure.mtu, OVERSIZE: measure.mtu + 1}
        facts = {"peer": peer, "mtu": sizes.get(measure.code), "loss": f"{measure.loss or 0:.0f}"}
        if measure.code in (LARGE, OVERSIZE, LOSS):
            return [said(measure.code, host, facts)]
        return []


def _broken(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == BROKEN]


def _worst(found: Sequence[Measure]) -> Measure:
    """Of several addresses of a peer the one that is in trouble, else the slowest."""
    return max(found, key=lambda one: (one.code == SILENT, bool(one.code), one.rtt or 0.0))


def _host(fleet: Fleet, record: Record, segments: Sequence[SegmentView]) -> HostView:
    """A host; what is wrong with a pair of it is not its own."""
    member = fleet.members[record.host]
    if record.reason:
        problems: tuple[Problem, ...] = (unreachable(record.host, record.reason),)
        own = problems
    else:
        problems = tuple(problem for problem, _affected in record.problems)
        own = tuple(problem for problem, affected in record.problems if not any(affected.values()))
    levels = {problem.severity for problem in problems}
    roots = (pair.root for segment in segments for pair in segment.pairs.values())
    return HostView(
        record.host,
        member.endpoint,
        member.backend,
        next((level for level in (BROKEN, WARNING) if level in levels), OK),
        problems,
        own,
        sum(
            root is not None and root.host == record.host and root.severity == BROKEN
            for root in roots
        ),
        record,
    )
