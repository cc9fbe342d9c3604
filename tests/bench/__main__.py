"""Command line of ``make bench``: runs the phases, writes docs/benchmarks/, prints the table."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import fetch, report
from tests.bench.phase import MODES, Effort, say

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


def start_phase(name: str) -> dict[str, Any]:
    """Run one phase in a process of its own, so that one that breaks off takes no other along."""
    start = time.monotonic()
    command = [sys.executable, "-m", "tests.bench", "--phase", name]
    if PHASES[name][1]:
        inside = 'ip link set lo up && exec "$@"'
        command = ["unshare", "--net", "sh", "-ec", inside, "sh", *command]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "found.json"
        done = subprocess.run([*command, "--output", str(output)], check=False)
        seconds = time.monotonic() - start
        if done.returncode or not output.exists():
            say(f"phase {name} broke off")
            return {"seconds": round(seconds), "failed": True, "samples": {}, "rows": []}
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
    results = {name: start_phase(name) for name in given.only or PHASES}
    report.publish(results, mode, complete=not given.only and mode != "smoke")
    return 1 if any(found.get("failed") for found in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
