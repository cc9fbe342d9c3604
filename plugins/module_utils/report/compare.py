# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before and after: a report against the document of an earlier one; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..verdict.codes import OK
from .model import UNSEEN, Report

Key = tuple[str, frozenset[str]]  # segment, the two hosts


@dataclass(frozen=True)
class Change:
    """A pair whose verdict is another one than before."""

    segment: str
    hosts: tuple[str, str]
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """What is different.

    :ivar at: when the earlier report was made.
    :ivar fixed: broken or warned about before, good now.
    :ivar new: good before, or not there, and not good now.
    :ivar changed: not good before and now, for another reason.
    :ivar still: how many are as bad as before, for the same reason.
    :ivar since: root causes (code, host) that were there before.
    """

    at: str
    fixed: tuple[Change, ...]
    new: tuple[Change, ...]
    changed: tuple[Change, ...]
    still: int
    joined: tuple[str, ...]
    left: tuple[str, ...]
    since: frozenset[tuple[str, str]]


def compare(report: Report, baseline: Mapping[str, Any]) -> Comparison:
    """The difference.

    :param baseline: a document, see document.load.
    """
    before = dict(_before(baseline))
    after = {
        (segment.name, frozenset(ends)): (ends, pair.root.code if pair.root else pair.status)
        for segment in report.segments
        for ends, pair in segment.pairs.items()
        if pair.status != UNSEEN
    }
    known = {(s.name, name) for s in report.segments for name in s.members}
    gone = [
        Change(key[0], ends, code, OK)
        for key, (ends, code) in before.items()
        if key not in after and all((key[0], name) in known for name in ends)
    ]
    new = [
        Change(key[0], ends, OK, code) for key, (ends, code) in after.items() if key not in before
    ]
    both = [
        Change(key[0], ends, before[key][1], code)
        for key, (ends, code) in after.items()
        if key in before
    ]
    changed = [one for one in both if one.before != one.after]
    hosts = {host.name for host in report.hosts}
    earlier = {str(host["name"]) for host in baseline["hosts"]}
    return Comparison(
        str(baseline.get("at") or "an earlier run"),
        tuple(gone),
        tuple(new),
        tuple(changed),
        len(both) - len(changed),
        tuple(sorted(hosts - earlier)),
        tuple(sorted(earlier - hosts)),
        frozenset(_causes(baseline)),
    )


def _before(baseline: Mapping[str, Any]) -> Iterator[tuple[Key, tuple[tuple[str, str], str]]]:
    for segment in baseline["segments"]:
        for pair in segment["pairs"]:
            if pair["status"] not in (OK, UNSEEN):
                one, other = map(str, pair["hosts"])
                yield (
                    (str(segment["name"]), frozenset((one, other))),
                    ((one, other), str(pair["code"])),
                )


def _causes(baseline: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for segment in baseline["segments"]:
        for pair in segment["pairs"]:
            for problem in pair.get("problems", ())[:1]:
                yield str(problem["code"]), str(problem["host"])
    for host in baseline["hosts"]:
        for problem in host["problems"]:
            yield str(problem["code"]), str(host["name"])
