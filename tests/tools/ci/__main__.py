"""Command line of `tests/tools/run`: jobs, their times, and one closing line."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from tests.integration.docs.documents import left_out as guides_left_out
from tests.tools.ci import lint, suites
from tests.tools.ci.model import Job, Tally, duration, total
from tests.tools.ci.queue import work_off

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


def integration(everything: bool) -> list[Job]:
    """List the folders of tests on real kernels, and say what is left out."""
    folders = suites.integration_folders()
    if not everything:
        left_out = [name for name in folders if suites.is_long(name)]
        folders = [name for name in folders if name not in left_out]
        print(f"left out here: {', '.join(left_out)}; run all with: make integration")
    print(f"guides left out here: {', '.join(guides_left_out())}; run all with: make guides")
    return [suites.folder("integration", name) for name in folders]


def molecule(wanted: str | None) -> list[Job]:
    """List one scenario, ``all``, or those chosen for CI; say what is left out."""
    existing = suites.scenarios()
    if wanted not in (None, "all"):
        return [suites.scenario(str(wanted))]
    chosen = existing if wanted else suites.chosen_for_ci()
    left_out = [name for name in existing if name not in chosen]
    if left_out:
        names = ", ".join(left_out)
        print(f"scenarios left out here: {names}; run with: make molecule SCENARIO=NAME|all")
    return [suites.scenario(name) for name in chosen]


def main() -> int:
    """Run the stages; return 0 when nothing failed."""
    options = arguments()
    jobs_of: dict[str, Callable[[], list[Job]]] = {
        "lint": lambda: lint.jobs(options.check),
        "unit": lambda: [suites.folder("unit", "tests/unit")],
        "integration": lambda: integration(options.stages == ["integration"]),
        "guides": lambda: [suites.folder("guides", "tests/integration/docs")],
        "molecule": lambda: molecule(options.scenario),
    }
    os.environ["PYTHONUNBUFFERED"] = "1"
    start = time.monotonic()
    tallies = work_off([job for name in options.stages for job in jobs_of[name]()])
    print()
    for stage in options.stages:
        print(f"{stage:12} {total(tallies.get(stage, ()))}")
    result: Tally = total(tally for stage in tallies.values() for tally in stage)
    print(f"\n{result} in {duration(time.monotonic() - start)}", flush=True)
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
