# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts as the user reads them: per tunnel and port, and as a list of problems; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .codes import BROKEN, CODES, OK, WARNING
from .judge import status
from .model import SELF, TUNNEL, Finding, Subject, Verdict
from .view import Filter


def problem(finding: Finding) -> dict[str, Any]:
    """One finding in words."""
    code = CODES[finding.code]
    return {
        "code": code.code,
        "plane": code.plane,
        "severity": code.severity,
        "cause": code.cause.format(**finding.facts),
        "culprit": finding.culprit,
        "remedy": code.remedy.format(**finding.facts),
        "remote": finding.remote,
    }


def entry(verdict: Verdict) -> dict[str, Any]:
    """One verdict; the root cause is lifted out of the list of its problems."""
    level = status(verdict.findings)
    shown: dict[str, Any] = {**_subject(verdict.subject), "status": level, "code": OK}
    if verdict.findings:
        problems = [problem(finding) for finding in verdict.findings]
        # The root cause of the worst: a warning never hides what is broken.
        first = next(one for one in problems if one["severity"] == level)
        shown.update({key: first[key] for key in ("code", "plane", "cause", "culprit", "remedy")})
        shown["problems"] = problems
    return shown


def _subject(subject: Subject | None) -> dict[str, Any]:
    if subject is None:
        return {"kind": SELF, "name": SELF}
    where = "bridge" if subject.kind == TUNNEL else "datapath"
    return {
        "kind": subject.kind,
        "name": subject.name,
        where: subject.where or None,
        "owner": subject.owner,
        "remotes": sorted({path.remote for path in subject.paths} | set(subject.declared)),
    }


def shown(verdicts: Iterable[Verdict], only: Filter) -> list[Verdict]:
    """The verdict on the host, and those that a filter takes.

    What is declared and missing carries no mark, and is always shown.
    """
    return [verdict for verdict in verdicts if _is_shown(verdict.subject, only)]


def _is_shown(subject: Subject | None, only: Filter) -> bool:
    if subject is None or (subject.row is None and subject.state is None):
        return True
    bridge = subject.where if subject.kind == TUNNEL else None
    return only.takes(subject.datapath, bridge, subject.owner)


def problems(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Every problem once, with whom and what it affects; broken ones first, by root cause."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for verdict in verdicts:
        name = verdict.subject.name if verdict.subject else SELF
        for finding in verdict.findings:
            seen = problem(finding)
            remote = seen.pop("remote")
            key = (finding.code, finding.culprit or seen["cause"])
            found = merged.setdefault(key, {**seen, "affects": [], "remotes": []})
            _add(found["affects"], name)
            if remote is not None:
                _add(found["remotes"], remote)
    order = list(CODES)
    return sorted(
        merged.values(),
        key=lambda one: (one["severity"] != BROKEN, order.index(one["code"]), one["affects"][0]),
    )


def _add(names: list[str], name: str) -> None:
    if not names or names[-1] != name:
        names.append(name)


def summary(verdicts: Iterable[Verdict]) -> Mapping[str, int]:
    """How many tunnels and ports are ``ok``, ``warning``, ``broken``."""
    counts = {OK: 0, WARNING: 0, BROKEN: 0}
    for verdict in verdicts:
        if verdict.subject is not None:
            counts[status(verdict.findings)] += 1
    return counts
