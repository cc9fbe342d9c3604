# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the results of ovs_vxlan_info and overlay_ping to what one host saw; pure.

A record is handed on as one string: a thousand hosts with a thousand peers each would make a
million dictionaries out of it at every step of Ansible's.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from ..fleet import names
from ..fleet.model import KERNEL, Fleet
from ..verdict.codes import BROKEN, CODES, OK
from .model import Measure, PlaneRow, Problem, Record
from .planes import rows

PREFIX = "tunnelmesh.ovs-seen "
# Tunnels of a host that are shown plane by plane; of more only those that are not good.
SHOWN_ROWS = 64
# A peer's problem that pings find, by what the module says.
SILENT, LARGE, OVERSIZE, LOSS = "overlay_silent", "overlay_mtu", "overlay_oversize", "overlay_loss"
Affected = dict[str, set[str]]


def condense(
    fleet: Fleet, host: str, info: Mapping[str, Any], pings: Sequence[Mapping[str, Any]]
) -> Record:
    """What a host saw.

    :param info: result of ovs_vxlan_info; without ``verdicts`` it failed with ``msg``.
    :param pings: ``peers`` of overlay_ping.
    """
    if "verdicts" not in info:
        return Record(host, reason=str(info.get("msg") or "the module gave no result"))
    tunnels = _tunnels(fleet, host)
    found: dict[tuple[str, str, str], tuple[Problem, Affected]] = {}
    for verdict in info["verdicts"]:
        for entry in verdict.get("problems", ()):
            problem = _problem(host, verdict, entry)
            key = (problem.code, problem.culprit or "", problem.cause)
            affected = found.setdefault(key, (problem, {}))[1]
            for segment, peers in _affected(fleet, host, tunnels, verdict, entry).items():
                affected.setdefault(segment, set()).update(peers)
    planes = rows(info, tunnels)
    kept = [row for row in planes if row.status != OK] if len(planes) > SHOWN_ROWS else planes
    return Record(
        host,
        problems=tuple(
            (problem, {segment: tuple(sorted(peers)) for segment, peers in affected.items()})
            for problem, affected in sorted(found.values(), key=lambda one: one[0].rank)
        ),
        pings=_pings(pings),
        planes=tuple(kept[:SHOWN_ROWS]),
        omitted=len(planes) - len(kept[:SHOWN_ROWS]),
    )


def _tunnels(fleet: Fleet, host: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name of a tunnel or port -> its segment and the peers that it leads to."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    kernel = fleet.members[host].backend == KERNEL
    for segment in fleet.segments:
        peers = segment.peers_of(host)
        if kernel and peers:
            found[names.device(segment.vni)] = (segment.name, peers)
        for peer in () if kernel else peers:
            found[names.tunnel(segment.vni, peer)] = (segment.name, (peer,))
    return found


def _problem(host: str, verdict: Mapping[str, Any], entry: Mapping[str, Any]) -> Problem:
    culprit = entry.get("culprit")
    return Problem(
        entry["code"],
        host,
        str(entry["cause"]),
        str(entry["remedy"]),
        None if culprit is None else str(culprit),
        str(verdict["name"]),
    )


def _affected(
    fleet: Fleet,
    host: str,
    tunnels: Mapping[str, tuple[str, tuple[str, ...]]],
    verdict: Mapping[str, Any],
    entry: Mapping[str, Any],
) -> Mapping[str, Iterable[str]]:
    """Segment -> peers that a problem of a tunnel or port is about."""
    if verdict["kind"] == "host" or verdict["name"] not in tunnels:
        return {}
    name, peers = tunnels[verdict["name"]]
    remote = entry.get("remote")
    if remote is None:
        # A flood list with too many entries misses nobody.
        return {} if entry["code"] == "flood_differs" else {name: peers}
    segment = next(one for one in fleet.segments if one.name == name)
    wanted = ipaddress.ip_address(remote)
    return {
        name: [
            peer
            for peer in peers
            if ipaddress.ip_address(fleet.endpoint(peer, segment.link_between(host, peer)))
            == wanted
        ]
    }


def _pings(table: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, tuple[Measure, ...]]]:
    found: dict[str, dict[str, tuple[Measure, ...]]] = {}
    for row in table:
        peers = found.setdefault(row["segment"], {})
        peers[row["host"]] = (*peers.get(row["host"], ()), measure(row))
    return found


def measure(row: Mapping[str, Any]) -> Measure:
    """One row of overlay_ping."""
    loss, rtt, largest = row.get("loss"), row.get("rtt_ms"), row.get("largest")
    code, note = "", ""
    if row.get("oversize") == "passed":
        code = OVERSIZE
    elif rtt is not None:
        code = LOSS if loss else ""
    elif largest is not None:
        code = LARGE
    else:
        code = SILENT
        note = row["verdict"] if row["verdict"] != "no answer" else ""
    return Measure(
        row["address"], row["mtu"], loss, rtt, row.get("rtt_max_ms"), largest, code, note
    )


def dump(record: Record) -> str:
    """A record as one string; not bare JSON, which Ansible before 2.19 would take apart."""
    raw = {
        "host": record.host,
        "reason": record.reason,
        "problems": [
            [p.code, p.cause, p.remedy, p.culprit, p.name, affected]
            for p, affected in record.problems
        ],
        "pings": record.pings,  # a measure is a tuple, which JSON writes as a list
        "planes": [[r.name, r.segment, r.peer, r.status, r.cells, r.marks] for r in record.planes],
        "omitted": record.omitted,
    }
    return PREFIX + json.dumps(raw, separators=(",", ":"))


def load(text: str) -> Record:
    """The record that :func:`dump` wrote.

    :raises ValueError: it is something else.
    """
    if not text.startswith(PREFIX):
        raise ValueError(f"it does not start with {PREFIX!r}")
    raw = json.loads(text[len(PREFIX) :])
    host = raw["host"]
    return Record(
        host,
        raw["reason"],
        tuple(
            (
                Problem(code, host, cause, remedy, culprit, name),
                {segment: tuple(peers) for segment, peers in affected.items()},
            )
            for code, cause, remedy, culprit, name, affected in raw["problems"]
        ),
        {
            segment: {peer: tuple(map(Measure._make, found)) for peer, found in peers.items()}
            for segment, peers in raw["pings"].items()
        },
        tuple(PlaneRow(*row) for row in raw["planes"]),
        raw["omitted"],
    )


def line(record: Record) -> str:
    """The record in one line, to follow a long run by."""
    if record.reason:
        return f"{record.host}: not looked at: {record.reason}"
    measures = [one for peers in record.pings.values() for ms in peers.values() for one in ms]
    answered = sum(one.rtt is not None for one in measures)
    text = f"{record.host}: {answered} of {len(measures)} peers answer at full size"
    codes = dict.fromkeys(p.code for p, _affected_ in record.problems if p.severity == BROKEN)
    return f"{text}; {', '.join(codes)}" if codes else text


def unreachable(host: str, reason: str) -> Problem:
    """The problem of a host that nobody could look at."""
    return said("host_unreachable", host, {"host": host, "reason": reason})


def said(code: str, host: str, facts: Mapping[str, Any], culprit: Optional[str] = None) -> Problem:
    """A problem in the words of its code."""
    entry = CODES[code]
    return Problem(
        code, host, entry.cause.format(**facts), entry.remedy.format(**facts), culprit, "host"
    )
