"""A line chart with two logarithmic axes as SVG text; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

Point = tuple[float, float]
# Colours that stay apart for colour-blind readers: Okabe and Ito.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 240, 40, 50


class _Axis:
    """From values to pixels, whole decades."""

    def __init__(self, values: Iterable[float], start: float, end: float) -> None:
        found = list(values)
        self._low = math.floor(math.log10(min(found)))
        self._high = max(math.ceil(math.log10(max(found))), self._low + 1)
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Pixel of a value."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self) -> list[float]:
        """Powers of ten."""
        return [10.0**power for power in range(self._low, self._high + 1)]


def chart(title: str, across: str, up: str, series: Mapping[str, Sequence[Point]]) -> str:
    """The chart.

    :param series: points with positive coordinates by name; a name that ends with ``*`` is
        drawn dashed, which stands for extrapolated.
    """
    points = [point for line in series.values() for point in line]
    x = _Axis((point[0] for point in points), LEFT, WIDTH - RIGHT)
    y = _Axis((point[1] for point in points), HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{title}</text>',
        *_grid(x, y),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
        f"{across}</text>",
        f'<text transform="translate(18 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
        f"{up}</text>",
    ]
    for number, (name, line) in enumerate(series.items()):
        parts += _line(number, name, [(x.at(point[0]), y.at(point[1])) for point in line])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _grid(x: _Axis, y: _Axis) -> Iterable[str]:
    for tick in x.ticks():
        at = x.at(tick)
        yield f'<path d="M{at} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        yield f'<text x="{at}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:g}</text>'
    for tick in y.ticks():
        at = y.at(tick)
        yield f'<path d="M{LEFT} {at}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{at + 4}" text-anchor="end">{tick:g}</text>'


def _line(number: int, name: str, line: Sequence[Point]) -> Iterable[str]:
    colour = COLOURS[number % len(COLOURS)]
    dash = ' stroke-dasharray="5 4"' if name.endswith("*") else ""
    path = "L".join(f"{a} {b}" for a, b in line)
    yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    for a, b in line:
        yield f'<circle cx="{a}" cy="{b}" r="3" fill="{colour}"/>'
    height = TOP + 18 * number + 10
    left = WIDTH - RIGHT + 20
    yield f'<path d="M{left} {height}h22" stroke="{colour}" stroke-width="2"{dash}/>'
    yield f'<text x="{left + 30}" y="{height + 4}">{name.rstrip("*")}</text>'
