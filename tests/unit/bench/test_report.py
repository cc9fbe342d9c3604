"""The arithmetic, the table and the plot of the benchmark."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.bench import report
from tests.bench.clock import Cost, run
from tests.bench.model import Row, Samples, at_least, at_most, interleave
from tests.bench.phase import ended
from tests.bench.plot import chart


def samples(**costs: list[tuple[float, float]]) -> Samples:
    """Samples from (wall, CPU) pairs."""
    found = Samples()
    for name, pairs in costs.items():
        for wall, cpu in pairs:
            found.add(name, Cost(wall, cpu))
    return found


def test_figures_are_minimum_median_and_least_cpu() -> None:
    found = samples(a=[(3.0, 0.5), (1.0, 0.7), (2.0, 0.6)])
    figures = found["a"]
    assert (figures.minimum, figures.median, figures.cpu) == (1.0, 2.0, 0.5)


def test_a_ratio_counts_by_its_minimum() -> None:
    found = samples(ours=[(3.0, 1.0), (9.0, 1.0)], floor=[(2.0, 2.0), (2.0, 2.0)])
    ratio = found["ours"] / found["floor"]
    assert at_most("x", ratio, 1.5, "the floor").met is True
    assert at_most("x", ratio, 1.4, "the floor").met is False
    assert at_least("x", ratio, 1.5, "the peer").met is True
    assert at_least("x", ratio, 1.6, "the peer").met is False
    assert at_most("x", ratio, 1.5, "f").result == "1.50 x (median 3.00 x, CPU 0.50 x)"


def test_every_round_starts_with_the_next_one() -> None:
    order: list[str] = []

    def contestant(name: str) -> tuple[str, Any]:
        def work() -> Cost:
            order.append(name)
            return Cost(1.0, 1.0)

        return name, work

    interleave(Samples(), 3, [contestant("a"), contestant("b"), contestant("c")])
    assert order == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_a_cost_is_that_of_the_command_and_its_children() -> None:
    burn = "x = sum(range(3 * 10**6))"
    cost = run(["sh", "-c", f"/usr/bin/python3 -c '{burn}'; true"])
    assert cost.wall > 0.01
    assert cost.cpu > 0.01
    assert cost.memory > 1


def test_a_command_that_fails_is_no_sample() -> None:
    with pytest.raises(RuntimeError, match=r"exit status 3, not 0\nsome words"):
        run(["sh", "-c", "echo some words; exit 3"])


def results() -> dict[str, Any]:
    """Two phases, one of which broke off."""
    found = samples(
        **{"peer 10, first run": [(2.0, 1.0)], "peer 50, first run": [(10.0, 1.0)]},
        **{"ours 50, first run": [(1.0, 1.0)]},
    )
    row = Row("what", "goal", "measured", False, "note")
    phase = {"samples": found.as_json(), "rows": [vars(row)]}
    return {"playbooks": phase, "modules": {"failed": True, "samples": {}, "rows": []}}


def test_the_table_shows_misses_and_phases_that_broke_off() -> None:
    shown = report.table(results())
    assert "| what | goal | measured; note | **no** |" in shown
    assert "| phase modules | | broke off | **no** |" in shown


def test_the_document_has_every_contestant() -> None:
    shown = report.document(results())
    assert "`make bench BENCH=quick`" in shown
    assert "| peer 50, first run | 1 | 10.000 | 10.000 | 1.000 |" in shown


def test_a_phase_is_kept_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n")
    monkeypatch.setattr(report, "FOLDER", tmp_path / "docs")
    monkeypatch.setattr(report, "README", readme)
    phase = {**results()["playbooks"], "mode": "quick"}
    report.keep(phase, "playbooks")
    report.keep({"failed": True, "samples": {}, "rows": []}, "modules")
    report.keep({"failed": True, "samples": {}, "rows": []}, "playbooks")
    kept = json.loads((tmp_path / "docs/results.json").read_text())["phases"]
    assert kept["playbooks"] == phase, "what was measured is not lost to a run that broke off"
    assert kept["modules"]["failed"]
    shown = readme.read_text()
    assert "old" not in shown
    assert "| what | goal | measured (missed) |" in shown
    assert shown.startswith("before\n")
    assert shown.endswith("\nafter\n")
    assert (tmp_path / "docs/tunnels.svg").exists()


def test_a_phase_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 600 & echo $! >{mark}; wait"]
    assert ended(command, 1.0) == 1
    stat = Path(f"/proc/{mark.read_text().strip()}/stat")
    end = time.monotonic() + 30
    while stat.exists() and stat.read_text().split()[2] != "Z":  # nobody may have reaped it yet
        assert time.monotonic() < end
        time.sleep(0.02)
    assert ended(["true"], 60.0) == 0


def test_the_peer_is_extrapolated_by_its_slope() -> None:
    found = dict(report.lines(results()))
    assert found["peer, extrapolated*"] == [(50.0, 10.0), (1000.0, 200.0)]
    assert found["ours, playbook"] == [(50.0, 1.0)]


def test_the_plot_is_svg_with_all_lines() -> None:
    text = chart(
        "title", "across", "up", {"one": [(1, 0.1), (1000, 10)], "two*": [(50, 1), (60, 2)]}
    )
    root = ET.fromstring(text)
    paths = list(root.iter("{http://www.w3.org/2000/svg}path"))
    drawn = [path for path in paths if path.get("fill") == "none"]
    assert next(path.get("d") for path in drawn) == "M70.0 390.0L520.0 40.0"
    assert [path.get("stroke-dasharray") for path in drawn] == [None, "5 4"]
