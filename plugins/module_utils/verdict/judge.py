# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a snapshot to verdicts; pure."""

from __future__ import annotations

from collections.abc import Iterable

from . import rules_data, rules_management, rules_underlay
from .codes import BROKEN, CODES, OK, RANK, WARNING
from .model import TUNNEL, Expected, Finding, Snapshot, Subject, Verdict
from .subjects import subjects

# Codes that time alone may cure: a daemon at work, a neighbour being looked for.
TRANSIENT = frozenset(
    (
        "vswitchd_hung",
        "upcalls_lost",
        "no_ofport",
        "device_missing",
        "remote_unreachable",
        "bfd_down",
    )
)


def judge(seen: Snapshot, expected: Expected) -> list[Verdict]:
    """One verdict for the host as such, then one for every tunnel and port."""
    whole = list(rules_management.host(seen, expected))
    judged = subjects(seen, expected)
    families = {path.family for subject in judged for path in subject.paths}
    own = Verdict(None, _ordered([*whole, *rules_underlay.checksums(seen, families)]))
    return [
        own,
        *(
            Verdict(subject, _ordered(_findings(seen, expected, subject, whole)))
            for subject in judged
        ),
    ]


def _findings(
    seen: Snapshot, expected: Expected, subject: Subject, whole: Iterable[Finding]
) -> Iterable[Finding]:
    if subject.kind == TUNNEL:
        yield from (one for one in whole if CODES[one.code].severity == BROKEN)
        yield from rules_management.tunnel(seen, expected, subject)
    yield from rules_data.RULES[subject.kind](seen, expected, subject)
    yield from rules_underlay.check(seen, expected, subject)


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The root cause first, every finding once."""
    unique = {(one.code, one.culprit, one.remote): one for one in findings}
    return tuple(sorted(unique.values(), key=lambda one: (RANK[one.code], one.remote or "")))


def status(findings: Iterable[Finding]) -> str:
    """``ok``, ``warning`` or ``broken``: the worst of the findings."""
    found = {CODES[one.code].severity for one in findings}
    return next((level for level in (BROKEN, WARNING) if level in found), OK)


def unsettled(verdicts: Iterable[Verdict], probed: bool) -> bool:
    """Something is wrong that time alone may cure.

    :param probed: remotes were given the chance to answer.
    """
    passing = TRANSIENT - {"remote_unreachable"} if probed else TRANSIENT
    return any(one.code in passing for verdict in verdicts for one in verdict.findings)
