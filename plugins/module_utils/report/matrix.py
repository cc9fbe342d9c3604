# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A segment as a matrix: who reaches whom, and how well; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from ..verdict.codes import BROKEN, OK, WARNING
from .model import UNSEEN, Measure, Pair, Problem, SegmentView

# Hosts of a matrix; of more, only those that something is wrong with.
MATRIX_HOSTS = 256
_WORDS_UP_TO = 12  # hosts of a matrix that has room for words in its cells
_NUMBERS_UP_TO = 60  # hosts of a matrix that has room for numbers
_SIGNS = {BROKEN: "\u00d7", WARNING: "!", UNSEEN: "?"}
_CLASSES = {BROKEN: "b", WARNING: "w", UNSEEN: "u", OK: ""}


@dataclass(frozen=True)
class Cell:
    """What a host found about a peer.

    :ivar kind: CSS class: ``b`` broken, ``w`` warning, ``u`` unseen, ``s`` the host itself,
        ``n`` no such pair, or empty: all is well.
    :ivar text: the round trip in milliseconds, or a sign.
    :ivar more: loss and largest packet, where there is room.
    :ivar words: the whole cell as a sentence; empty where all is well.
    :ivar target: id of the problem that explains it.
    """

    kind: str
    text: str
    more: str = ""
    words: str = ""
    target: str = ""


@dataclass(frozen=True)
class Matrix:
    """Rows of cells.

    :ivar left_out: hosts that have nothing wrong and are not shown.
    :ivar size: ``roomy`` with words in the cells, ``middle`` with numbers, ``dense`` with colours.
    :ivar step: every how many hosts there is room for a name.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    left_out: int
    size: str
    step: int


def matrix(segment: SegmentView, ids: Mapping[Problem, str], run: frozenset[str]) -> Matrix:
    """The matrix of a segment.

    :param ids: root cause -> id of its description on the page.
    :param run: hosts of this run; the others have a column and no row.
    """
    names = segment.members
    if len(names) > MATRIX_HOSTS:
        bad = {name for ends in segment.pairs for name in ends}
        names = tuple(name for name in names if name in bad)[:MATRIX_HOSTS]
    words = len(names) <= _WORDS_UP_TO
    place = {name: index for index, name in enumerate(segment.members)}
    rows = []
    for one in names:
        if one in run:
            cells = tuple(_cell(segment, ids, one, other, place, words) for other in names)
            rows.append((one, cells))
    size = "roomy" if words else "middle" if len(names) <= _NUMBERS_UP_TO else "dense"
    step = -(-len(names) // _NUMBERS_UP_TO) * 2 if size == "dense" else 1
    return Matrix(names, tuple(rows), len(segment.members) - len(names), size, step)


def _cell(
    segment: SegmentView,
    ids: Mapping[Problem, str],
    one: str,
    other: str,
    place: Mapping[str, int],
    words: bool,
) -> Cell:
    if one == other:
        return Cell("s", "")
    pair = segment.pairs.get((one, other) if place[one] < place[other] else (other, one))
    measure = segment.measures.get(one, {}).get(other)
    if pair is None:
        if measure is None:
            linked = other in segment.links[one]
            return Cell("" if linked else "n", "ok" if linked else "")
        return Cell("", milliseconds(measure.rtt), _more(measure) if words else "")
    target = ids.get(pair.root, "") if pair.root else ""
    return Cell(
        _CLASSES[pair.status],
        _SIGNS[pair.status],
        _short(measure) if words else "",
        sentence(one, other, pair, measure),
        target,
    )


def milliseconds(rtt: Optional[float]) -> str:
    """A round trip with two digits, which is what people read."""
    if rtt is None:
        return "ok"
    return f"{rtt:.1f}" if rtt < 10 else f"{rtt:.0f}"


def _short(measure: Optional[Measure]) -> str:
    """Loss and largest packet of a pair in trouble, as far as a cell has room."""
    if measure is not None and measure.rtt is None and measure.largest:
        return f"only {measure.largest} B"
    return _more(measure)


def _more(measure: Optional[Measure]) -> str:
    """Loss and largest packet."""
    if measure is None:
        return "not measured"
    text = percent(measure.loss)
    if measure.rtt is None:
        return f"{text}, only {measure.largest} B" if measure.largest else text
    return f"{text}, {measure.largest} B"


def percent(loss: Optional[float]) -> str:
    """A loss."""
    return "not tried" if loss is None else f"{loss:.0f} % lost"


def sentence(one: str, other: str, pair: Pair, measure: Optional[Measure]) -> str:
    """A cell in words."""
    code = pair.root.code if pair.root else "not seen"
    text = f"{one} to {other}: {pair.status}, {code}"
    if measure is None:
        return f"{text}; not measured from here"
    rtt = f", {milliseconds(measure.rtt)} ms" if measure.rtt is not None else ""
    return f"{text}; {_more(measure)}{rtt}"
