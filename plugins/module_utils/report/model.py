# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of a mesh; plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional

from ..verdict.codes import BROKEN, CODES, OK, RANK, WARNING

# A pair of which nobody of this run could tell anything: one end is not part of it, and silent.
UNSEEN = "unseen"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong on a host.

    :ivar code: stable code, see docs/problem-codes.md.
    :ivar host: where it was found.
    :ivar cause: what is wrong, in words; as ``culprit`` and ``remedy`` this is untrusted text.
    :ivar name: the tunnel or port that it was found on, or ``host``.
    """

    code: str
    host: str
    cause: str
    remedy: str
    culprit: Optional[str] = None
    name: str = ""

    @property
    def severity(self) -> str:
        """``broken`` or ``warning``."""
        return CODES[self.code].severity

    @property
    def plane(self) -> str:
        """``management``, ``data``, ``underlay`` or ``host``."""
        return CODES[self.code].plane

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Sorts what is broken first, root causes before symptoms."""
        return (self.severity != BROKEN, RANK[self.code], self.host)

    def shown(self) -> dict[str, Any]:
        """For documents."""
        return {
            "code": self.code,
            "plane": self.plane,
            "severity": self.severity,
            "host": self.host,
            "name": self.name,
            "cause": self.cause,
            "culprit": self.culprit,
            "remedy": self.remedy,
        }


class Measure(NamedTuple):
    """What the pings of one host to one address of a peer found.

    :ivar loss: percentage of full-size packets without answer; None when none was sent.
    :ivar rtt: milliseconds, median; None when silent.
    :ivar largest: bytes of the largest packet that passed; None when none did.
    :ivar code: problem code, or empty.
    :ivar note: why it could not even be sent, where that is so.

    A named tuple, because a mesh of a thousand hosts has a million of them.
    """

    address: str
    mtu: int
    loss: Optional[float] = None
    rtt: Optional[float] = None
    rtt_max: Optional[float] = None
    largest: Optional[int] = None
    code: str = ""
    note: str = ""


@dataclass(frozen=True)
class PlaneRow:
    """One tunnel or port of a host, plane by plane, in words.

    :ivar cells: column (see record.COLUMNS) -> text.
    :ivar marks: column -> problem code that is about it.
    """

    name: str
    segment: str
    peer: str
    status: str
    cells: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """What one host saw.

    :ivar reason: why nobody could look at it; empty when all went well.
    :ivar problems: (problem, segment -> peers that it affects); no segment: the host as such.
    :ivar pings: segment -> peer -> measures, one per address.
    :ivar omitted: how many good tunnels are left out of ``planes``.
    """

    host: str
    reason: str = ""
    problems: tuple[tuple[Problem, Mapping[str, tuple[str, ...]]], ...] = ()
    pings: Mapping[str, Mapping[str, tuple[Measure, ...]]] = field(default_factory=dict)
    planes: tuple[PlaneRow, ...] = ()
    omitted: int = 0


@dataclass(frozen=True)
class Pair:
    """Two members of a segment with whatever is wrong between them, root cause first.

    :ivar linked: they hold a tunnel to each other; else a hub relays between them.
    :ivar via: of a pair that is not linked: the pair whose tunnel is the cause.
    """

    ends: tuple[str, str]
    status: str = OK
    problems: tuple[Problem, ...] = ()
    linked: bool = True
    via: Optional[tuple[str, str]] = None

    @property
    def root(self) -> Optional[Problem]:
        """The problem to look at."""
        return self.problems[0] if self.problems else None


@dataclass(frozen=True)
class SegmentView:
    """One overlay network.

    :ivar measures: host -> peer -> what ``host`` measured.
    :ivar pairs: every pair that is not ``ok``, by its ends in the order of the members.
    :ivar counts: status -> how many pairs.
    """

    name: str
    vni: int
    mtu: int
    topology: str
    members: tuple[str, ...]
    hub: Optional[str]
    measures: Mapping[str, Mapping[str, Measure]]
    pairs: Mapping[tuple[str, str], Pair]
    counts: Mapping[str, int]
    links: Mapping[str, tuple[str, ...]]

    def all_pairs(self) -> Iterator[Pair]:
        """Every pair that can be told anything about, the good ones too."""
        place = {name: index for index, name in enumerate(self.members)}
        linked = {name: frozenset(peers) for name, peers in self.links.items()}
        for one in self.members:
            known = {*linked.get(one, ()), *self.measures.get(one, ())}
            for other in self.members[place[one] + 1 :]:
                back = self.measures.get(other, {})
                if other in known or one in back:
                    good = Pair((one, other), linked=other in linked.get(one, ()))
                    yield self.pairs.get((one, other), good)


@dataclass(frozen=True)
class HostView:
    """One host.

    :ivar status: ``broken`` or ``warning`` by what was found on it, whomever that affects.
    :ivar own: problems of the host as such, that no pair shows.
    :ivar breaks: how many pairs are broken because of what was found here.
    """

    name: str
    endpoint: str
    backend: str
    status: str
    problems: tuple[Problem, ...]
    own: tuple[Problem, ...]
    breaks: int
    record: Record


@dataclass(frozen=True)
class Report:
    """A whole mesh at one moment.

    :ivar at: when it was looked at, ISO 8601 in UTC.
    """

    at: str
    seconds: float
    hosts: tuple[HostView, ...]
    segments: tuple[SegmentView, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Status -> pairs of all segments."""
        found = dict.fromkeys((OK, WARNING, BROKEN, UNSEEN), 0)
        for segment in self.segments:
            for status, count in segment.counts.items():
                found[status] += count
        return found

    @property
    def bad_hosts(self) -> list[HostView]:
        """Hosts with a broken problem of their own."""
        return [host for host in self.hosts if any(one.severity == BROKEN for one in host.own)]

    @property
    def status(self) -> str:
        """The worst of all."""
        counts = self.counts
        if counts[BROKEN] or self.bad_hosts:
            return BROKEN
        trouble = counts[WARNING] or any(host.own for host in self.hosts)
        return WARNING if trouble else OK
