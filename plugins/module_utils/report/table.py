# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as a table for a terminal; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..verdict.codes import BROKEN, WARNING
from .model import UNSEEN, Pair, Problem, Report, SegmentView

# Pairs of a host with the same cause that get a line each; more share one.
_LINES = 4
_UNSEEN = "one end is not part of this run, and does not answer the other"
_STRANGE = re.compile(r"[^\x20-\x7e\xa0-\u200a\u2010-\u2027\u2030-\u2065\u2070-\ufffd]")


def plain(text: str) -> str:
    """Text from a host without control characters, which could repaint the terminal."""
    return _STRANGE.sub("?", text)


def table(report: Report) -> str:
    """One line per pair that is not good, then the remedies, the hosts, and a closing line."""
    parts: list[str] = []
    for status, title in ((BROKEN, "BROKEN PAIRS"), (WARNING, "WARNINGS"), (UNSEEN, "NOT SEEN")):
        lines = [row for segment in report.segments for row in _pairs(segment, status)]
        if lines:
            parts += [title, *_aligned(lines), ""]
    hosts = [
        (host.name, problem.code, problem.cause) for host in report.hosts for problem in host.own
    ]
    if hosts:
        parts += ["HOSTS", *_aligned(hosts), ""]
    remedies = list(_remedies(report))
    if remedies:
        parts += ["WHAT TO DO", *_aligned(remedies), ""]
    return "\n".join([*parts, summary(report)])


def summary(report: Report) -> str:
    """The closing line."""
    counts = report.counts
    total = sum(counts.values())
    text = f"{_number(len(report.hosts), 'host')}, {_number(total, 'pair')}: "
    text += ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "none"
    bad = len(report.bad_hosts)
    if bad:
        text += f"; {_number(bad, 'host')} in trouble"
    return text


def headline(report: Report) -> str:
    """What is wrong in one sentence, for the message of a failed task."""
    roots = dict.fromkeys(
        f"{root.code} on {root.host}" for root in causes(report) if root.severity == BROKEN
    )
    shown = ", ".join([*roots][:5]) + (f" and {len(roots) - 5} more" if len(roots) > 5 else "")
    return plain(f"{summary(report)}. Causes: {shown}")


def causes(report: Report) -> list[Problem]:
    """Every root cause once, those that break most first."""
    weight: dict[Problem, int] = {}
    for segment in report.segments:
        for pair in segment.pairs.values():
            if pair.root is not None:
                weight[pair.root] = weight.get(pair.root, 0) + 1
    for host in report.hosts:
        for problem in host.own:
            weight.setdefault(problem, 0)
    return sorted(weight, key=lambda one: (one.severity != BROKEN, -weight[one], *one.rank))


def _pairs(segment: SegmentView, status: str) -> Iterator[tuple[str, ...]]:
    """Lines of a segment; a host that breaks with many peers for one reason takes one line."""
    by_cause: dict[Problem | None, list[Pair]] = {}
    for pair in segment.pairs.values():
        if pair.status == status:
            by_cause.setdefault(pair.root, []).append(pair)
    for root, pairs in by_cause.items():
        cause = (root.code, _placed(root)) if root else ("", _UNSEEN)
        shared = root is not None and all(root.host in pair.ends for pair in pairs)
        if root is not None and shared and len(pairs) > _LINES:
            yield (segment.name, f"{root.host} - {len(pairs)} peers", *cause)
            continue
        for pair in pairs:
            via = f" (on the way: {pair.via[0]} - {pair.via[1]})" if pair.via else ""
            yield (segment.name, " - ".join(pair.ends), cause[0], cause[1] + via)


def _placed(problem: Problem) -> str:
    """A cause with the host, which some causes begin with."""
    if problem.cause.startswith(f"{problem.host} "):
        return problem.cause
    return f"{problem.host}: {problem.cause}"


def _remedies(report: Report) -> Iterator[tuple[str, ...]]:
    """What to do, once for all hosts that need the same."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for problem in causes(report):
        hosts.setdefault((problem.code, problem.remedy), []).append(problem.host)
    for (code, remedy), names in hosts.items():
        shown = dict.fromkeys(names)
        where = ", ".join([*shown][:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
        yield where, code, remedy


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    clean = [tuple(plain(cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(clean[0]) - 1)]
    for row in clean:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        yield "  " + "  ".join([*cells, row[-1]]).rstrip()


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
