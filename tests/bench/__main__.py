"""Command line of ``make bench``: runs the phases, writes docs/benchmarks/, prints the table.

BENCH=quick or full says how much is measured, BENCH_MINUTES how long it may take in all. Every
phase is written down when it ends, beside what earlier runs have measured of the others.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import fetch, report
from tests.bench.phase import MODES, Effort, ended, say

# Minutes that all phases together may take.
MINUTES = {"smoke": 10, "quick": 24, "full": 60}
# Phase: module, and whether it runs in an empty network namespace of its own.
PHASES = {
    "playbooks": ("native_playbooks", True),
    "modules": ("native_modules", True),
    "fleet": ("fleet", False),
    "mesh": ("native_mesh", True),
    "kernel": ("lab_kernel", False),
    "lab": ("lab_playbooks", False),
    "lab-mesh": ("lab_mesh", False),
    "traffic": ("lab_traffic", False),
}


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="tests/bench/run", description="Measure against the alternatives and the floor."
    )
    parser.add_argument(
        "--only", nargs="+", choices=PHASES, metavar="PHASE", help=", ".join(PHASES)
    )
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def effort() -> Effort:
    """How much to measure, from the environment variable BENCH."""
    asked = os.environ.get("BENCH") or "quick"
    if asked not in MODES:
        raise SystemExit(f"BENCH={asked}: it must be one of {', '.join(MODES)}")
    return Effort(asked)


def run_phase(name: str, output: Path) -> None:
    """Run one phase in this process and write what it found."""
    module = importlib.import_module(f"tests.bench.{PHASES[name][0]}")
    output.write_text(json.dumps(module.run(effort()).as_json()))


def start_phase(name: str, limit: float) -> dict[str, Any]:
    """Run one phase in a process of its own, so that one that breaks off takes no other along.

    :param limit: seconds after which it is ended; with a quarter of a minute or less it is not
        even begun.
    """
    start = time.monotonic()
    nothing = {"seconds": 0, "failed": True, "samples": {}, "rows": []}
    if limit < 15:
        say(f"phase {name}: no time is left")
        return nothing
    command = [sys.executable, "-m", "tests.bench", "--phase", name]
    if PHASES[name][1]:
        inside = 'ip link set lo up && exec "$@"'
        command = ["unshare", "--net", "sh", "-ec", inside, "sh", *command]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "found.json"
        status = ended([*command, "--output", str(output)], limit)
        seconds = time.monotonic() - start
        if status or not output.exists():
            say(f"phase {name} broke off after {seconds:.0f} s")
            return {**nothing, "seconds": round(seconds)}
        say(f"phase {name} took {seconds:.0f} s")
        found: dict[str, Any] = json.loads(output.read_text())
        return {"seconds": round(seconds), **found}


def main() -> int:
    """Run the phases; 0 when each could be measured, whether or not it met its goals."""
    given = arguments()
    if given.phase:
        run_phase(given.phase, given.output)
        return 0
    if os.geteuid() != 0:
        raise SystemExit("make bench needs root: it makes network namespaces and boots a lab")
    mode = effort().mode
    fetch.peer()
    fetch.switch()
    end = time.monotonic() + 60 * float(os.environ.get("BENCH_MINUTES") or MINUTES[mode])
    results: dict[str, Any] = {}
    for name in given.only or PHASES:
        results[name] = start_phase(name, end - time.monotonic())
        if mode != "smoke":
            report.keep({**results[name], "mode": mode}, name)
    print(report.table(results))
    return 1 if any(found.get("failed") for found in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
