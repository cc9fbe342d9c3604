"""The report: a table on the terminal, and docs/benchmarks/ in the checkout."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench.plot import Point, chart

FOLDER = Path(__file__).resolve().parents[2] / "docs/benchmarks"
README = FOLDER.parents[1] / "README.md"
# The table of the README stands between these two.
START, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"
VERDICT = {True: "yes", False: "**no**", None: ""}
# Name in the plot: phase, and what a sample's name is matched by; the number is that of tunnels.
SERIES = {
    "peer, playbook": ("playbooks", r"peer (\d+), first run"),
    "ours, playbook": ("playbooks", r"ours (\d+), first run"),
    "ours, module on the host": ("modules", r"module (\d+)"),
    "one ovs-vsctl transaction": ("modules", r"ovs-vsctl (\d+)"),
    "raw JSON-RPC and wait": ("modules", r"raw (\d+)"),
}
HEAD = """\
# Benchmarks

Measured by `make bench BENCH={mode}` on a machine with {cpus} processors. Only ratios within one
run mean something on another machine.

A ratio is that of the fewest wall seconds of all rounds, since whatever else runs on a machine
only adds to them. In brackets are the ratio of the medians, and that of the fewest seconds of CPU
in the process and its children (daemons are not among them; over SSH it is the controller's). The
contestants of a comparison take turns. Every contestant starts from an empty switch or network
namespace of its own, and what it made is counted afterwards.

- **Peer**: `openvswitch_port` of the collection openvswitch.openvswitch 2.1.1 in a loop.
- **Floor**: a play of one `ansible.builtin.ping` on the same hosts with the same settings.
- **No-op module**: a module of ours that does nothing, run on the host as Ansible runs it.
- **Raw transact with wait**: `tests/bench/raw_transact.py`, a Python program of one JSON-RPC
  transaction that waits until ovs-vswitchd has carried it out.
- *Native* is Open vSwitch with a userspace datapath in a network namespace of this machine; *in the
  lab* is the real kernel datapath of a User-Mode Linux guest, over SSH.

"""


def keep(found: Mapping[str, Any], phase: str) -> None:
    """Write down what one phase found, beside what is known of the others.

    A phase that broke off does not replace what it once measured.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "results.json"
    known = json.loads(path.read_text())["phases"] if path.exists() else {}
    if not found.get("failed") or phase not in known:
        known[phase] = dict(found)
    machine = {"cpus": os.cpu_count(), "kernel": platform.release().partition("-")[0]}
    path.write_text(json.dumps({"machine": machine, "phases": known}, indent=1) + "\n")
    publish(known)


def publish(results: Mapping[str, Any]) -> None:
    """Write the document and the plot, and the table of the README."""
    (FOLDER / "results.md").write_text(document(results))
    readme = README.read_text()
    before, start, rest = readme.partition(START)
    _old, end, after = rest.partition(END)
    if end:
        README.write_text(f"{before}{start}\n{short(results)}{end}{after}")
    series = dict(lines(results))
    if series:
        title = "VXLAN tunnels from nothing to accepted by ovs-vswitchd"
        (FOLDER / "tunnels.svg").write_text(chart(title, "tunnels", "seconds", series))


def table(results: Mapping[str, Any]) -> str:
    """All rows of all phases."""
    found = ["| what | goal | measured | met |", "|---|---|---|---|"]
    for phase, content in results.items():
        if content.get("failed"):
            found.append(f"| phase {phase} | | broke off | **no** |")
        for row in content["rows"]:
            result = row["result"] + (f"; {row['note']}" if row["note"] else "")
            found.append(f"| {row['what']} | {row['goal']} | {result} | {VERDICT[row['met']]} |")
    return "\n".join(found) + "\n"


def short(results: Mapping[str, Any]) -> str:
    """The table of the README: what was measured against what was aimed at."""
    found = ["| what | goal | measured |", "|---|---|---|"]
    for content in results.values():
        for row in content["rows"]:
            if row["met"] is not None:
                measured = row["result"].partition(" (")[0]
                missed = "" if row["met"] else " (missed)"
                found.append(f"| {row['what']} | {row['goal']} | {measured}{missed} |")
    return "\n".join(found) + "\n"


def document(results: Mapping[str, Any]) -> str:
    """results.md."""
    modes = sorted({str(content.get("mode", "quick")) for content in results.values()})
    parts = [HEAD.format(mode=" and ".join(modes), cpus=os.cpu_count()), table(results)]
    parts.append(
        "\n![Seconds by number of tunnels](tunnels.svg)\n\n## What every contestant took\n"
    )
    for phase, content in results.items():
        parts.append(f"\n### {phase}\n\n")
        parts.append("| contestant | rounds | wall min, s | wall median, s | CPU min, s |\n")
        parts.append("|---|---|---|---|---|\n")
        for name, sample in content["samples"].items():
            figures = [sample[key] for key in ("minimum", "median", "cpu")]
            shown = " | ".join(f"{value:.3f}" for value in figures)
            parts.append(f"| {name} | {len(sample['rounds'])} | {shown} |\n")
    return "".join(parts)


def lines(results: Mapping[str, Any]) -> Iterator[tuple[str, list[Point]]]:
    """The lines of the plot that there are figures for."""
    for name, (phase, pattern) in SERIES.items():
        samples = results.get(phase, {"samples": {}})["samples"]
        points = sorted(
            (float(match[1]), float(sample["minimum"]))
            for key, sample in samples.items()
            if (match := re.fullmatch(pattern, key))
        )
        if points:
            yield name, points
        if name.startswith("peer") and len(points) > 1:
            (a, b), (c, d) = points[0], points[-1]
            yield "peer, extrapolated*", [(c, d), (1000.0, d + (1000 - c) * (d - b) / (c - a))]
