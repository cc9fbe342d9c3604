"""Command line of `tests/tools/run`: stages, their times, and one closing line."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from tests.tools.ci.lint import lint
from tests.tools.ci.model import FAILED, Stage, Tally, duration, total
from tests.tools.ci.suites import molecule, pytest_lanes, pytest_suite

STAGES = ("lint", "unit", "integration", "molecule")
# Only by name: in `make test` the integration tests hold the short form.
MORE = ("guides",)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="tests/tools/run", description="Run stages and add up their results."
    )
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join([*STAGES, *MORE]))
    parser.add_argument("--check", metavar="NAME", help="only the linters with this in their name")
    parser.add_argument("--scenario", metavar="NAME", help="only this molecule scenario, or: all")
    options = parser.parse_args()
    options.stages = options.stages or list(STAGES)
    unknown = set(options.stages) - {*STAGES, *MORE}
    if unknown:
        parser.error(
            f"no such stage: {', '.join(sorted(unknown))}; there are {', '.join([*STAGES, *MORE])}"
        )
    return options


def run_stage(name: str, work: Callable[[], Tally]) -> Stage:
    """Run a stage; whatever breaks in it is a failure of this stage alone."""
    print(f"\n=== {name} ===", flush=True)
    start = time.monotonic()
    try:
        tally = work()
    except Exception as error:  # noqa: BLE001 - the other stages must still run
        print(f"  FAIL  {name} broke off: {type(error).__name__}: {error}")
        tally = FAILED
    seconds = time.monotonic() - start
    print(f"=== {name}: {tally} in {duration(seconds)} ===", flush=True)
    return Stage(name, tally, seconds)


def main() -> int:
    """Run the stages; return 0 when nothing failed."""
    options = arguments()
    everything = options.scenario == "all"
    work: dict[str, Callable[[], Tally]] = {
        "lint": lambda: lint(options.check),
        "unit": lambda: pytest_suite("tests/unit"),
        "integration": lambda: pytest_lanes("tests/integration", options.stages == ["integration"]),
        "guides": lambda: pytest_suite("tests/integration/docs"),
        "molecule": lambda: molecule(None if everything else options.scenario, everything),
    }
    os.environ["PYTHONUNBUFFERED"] = "1"
    stages = [run_stage(name, work[name]) for name in options.stages]
    print("\nstage         time  result")
    for stage in stages:
        print(f"{stage.name:12} {duration(stage.seconds):>12}  {stage.tally}")
    result = total(stage.tally for stage in stages)
    print(f"{'all':12} {duration(sum(stage.seconds for stage in stages)):>12}\n")
    print(result, flush=True)
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
