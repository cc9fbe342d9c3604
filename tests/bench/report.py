"""The report: a table on the terminal, and docs/benchmarks/ in the checkout."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs/benchmarks"
VERDICT = {True: "yes", False: "**no**", None: "-"}


def publish(results: Mapping[str, Any], mode: str, complete: bool) -> None:
    """Print the table; write it only when every phase was asked for."""
    print(table(results))
    if not complete:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
    everything = {"mode": mode, "machine": machine, "phases": results}
    (FOLDER / "results.json").write_text(json.dumps(everything, indent=1) + "\n")
    (FOLDER / "results.md").write_text(document(results, mode))


def table(results: Mapping[str, Any]) -> str:
    """All rows of all phases."""
    lines = ["| what | goal | measured | met |", "|---|---|---|---|"]
    for found in results.values():
        for row in found["rows"]:
            result = row["result"] + (f"; {row['note']}" if row["note"] else "")
            lines.append(f"| {row['what']} | {row['goal']} | {result} | {VERDICT[row['met']]} |")
    return "\n".join(lines) + "\n"


def document(results: Mapping[str, Any], mode: str) -> str:
    """results.md."""
    return f"# Benchmarks\n\nMeasured by `make bench BENCH={mode}`.\n\n{table(results)}"
