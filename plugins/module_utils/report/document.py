# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as a document of a stable schema, for programs; pure.

Fields are added, never renamed or removed, while ``schema`` stays the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Optional

from ..core.errors import InputError
from .model import Measure, Pair, Report, SegmentView

SCHEMA = 1
KIND = "tunnelmesh.ovs report"
# Where a page keeps the document that a later report is compared with.
MARKER = 'id="tunnelmesh-document"'
_EMBEDDED = re.compile(re.escape(MARKER) + r">(.*?)</script>", re.DOTALL)


def document(report: Report, *, good_pairs: bool = True) -> dict[str, Any]:
    """The whole report.

    :param good_pairs: False leaves out what is ``ok``, which is what a page embeds.
    """
    counts = report.counts
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "at": report.at,
        "seconds": round(report.seconds, 1),
        "status": report.status,
        "summary": {"hosts": len(report.hosts), "pairs": sum(counts.values()), **counts},
        "segments": [
            {
                "name": segment.name,
                "vni": segment.vni,
                "mtu": segment.mtu,
                "topology": segment.topology,
                "members": list(segment.members),
                "summary": dict(segment.counts),
                "pairs": [
                    _pair(segment, pair)
                    for pair in (segment.all_pairs() if good_pairs else segment.pairs.values())
                ],
            }
            for segment in report.segments
        ],
        "hosts": [
            {
                "name": host.name,
                "endpoint": host.endpoint,
                "backend": host.backend,
                "status": host.status,
                "looked_at": not host.record.reason,
                "breaks": host.breaks,
                "problems": [problem.shown() for problem in host.problems],
            }
            for host in report.hosts
        ],
    }


def _pair(segment: SegmentView, pair: Pair) -> dict[str, Any]:
    one, other = pair.ends
    root = pair.root
    shown: dict[str, Any] = {
        "hosts": [one, other],
        "status": pair.status,
        "code": root.code if root else "ok" if pair.status == "ok" else pair.status,
    }
    if root:
        shown["problems"] = [problem.shown() for problem in pair.problems]
    if not pair.linked:
        shown["linked"] = False
    if pair.via:
        shown["via"] = list(pair.via)
    shown["there"] = _measure(segment.measures.get(one, {}).get(other))
    shown["back"] = _measure(segment.measures.get(other, {}).get(one))
    return shown


def _measure(measure: Optional[Measure]) -> Optional[dict[str, Any]]:
    if measure is None:
        return None
    return {"loss": measure.loss, "rtt_ms": measure.rtt, "largest": measure.largest}


def dump(content: Mapping[str, Any]) -> str:
    """As text; ``<`` is escaped, so that it can stand inside a page."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def load(text: str, where: str) -> dict[str, Any]:
    """The document of an earlier report: a JSON file, or the page.

    :param where: the file's name, for the message.
    :raises InputError: it is neither, or of a newer schema.
    """
    found = _EMBEDDED.search(text)
    try:
        content = json.loads(found[1] if found else text)
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(
            f"{where} is no report of tunnelmesh.ovs",
            remedy="name a JSON file of verify or report, or an HTML file of report",
        )
    if content.get("schema") != SCHEMA:
        raise InputError(
            f"{where} has schema {content.get('schema')}, {SCHEMA} is understood here",
            remedy="write it again with this version of the collection",
        )
    return content
