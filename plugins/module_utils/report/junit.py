# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as JUnit XML, which most systems for continuous integration show; pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from ..verdict.codes import BROKEN
from .model import UNSEEN, HostView, Pair, Problem, Report, SegmentView

# What XML 1.0 takes; the rest cannot even be escaped.
_INVALID = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """A suite per segment with a test per pair, and a suite with a test per host."""
    root = ET.Element("testsuites", name="tunnelmesh.ovs.verify")
    for segment in report.segments:
        suite = _suite(root, f"segment {segment.name}", report)
        for pair in segment.all_pairs():
            _pair(suite, segment, pair)
        _add_up(suite)
    suite = _suite(root, "hosts", report)
    for host in report.hosts:
        _host(suite, host)
    _add_up(suite)
    _add_up(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _suite(parent: ET.Element, name: str, report: Report) -> ET.Element:
    return ET.SubElement(parent, "testsuite", name=_clean(name), timestamp=_clean(report.at))


def _pair(suite: ET.Element, segment: SegmentView, pair: Pair) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=_clean(segment.name), name=_clean(" - ".join(pair.ends))
    )
    if pair.status == BROKEN:
        _failure(case, pair.problems)
    elif pair.status == UNSEEN:
        ET.SubElement(case, "skipped", message="one end is not part of this run")
    elif pair.problems:
        _note(case, pair.problems)


def _host(suite: ET.Element, host: HostView) -> None:
    case = ET.SubElement(suite, "testcase", classname="hosts", name=_clean(host.name))
    if any(problem.severity == BROKEN for problem in host.own):
        _failure(case, host.own)
    elif host.own:
        _note(case, host.own)


def _failure(case: ET.Element, problems: tuple[Problem, ...]) -> None:
    first = problems[0]
    failure = ET.SubElement(
        case, "failure", type=first.code, message=_clean(f"{first.host}: {first.cause}")
    )
    failure.text = _text(problems)


def _note(case: ET.Element, problems: tuple[Problem, ...]) -> None:
    ET.SubElement(case, "system-out").text = _text(problems)


def _text(problems: tuple[Problem, ...]) -> str:
    return _clean(
        "\n".join(f"{p.code} on {p.host}: {p.cause}\n  remedy: {p.remedy}" for p in problems)
    )


def _add_up(element: ET.Element) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        element.set(attribute, str(len(element.findall(f".//{tag}"))))
    element.set("errors", "0")


def _clean(text: str) -> str:
    return _INVALID.sub("?", text)
