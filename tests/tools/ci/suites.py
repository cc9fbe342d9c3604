"""The test suites: pytest folders and molecule scenarios."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

from tests.integration.docs.documents import left_out as guides_left_out
from tests.tools.ci.model import FAILED, PASSED, ROOT, Tally, duration, total
from tests.tools.ci.parallel import as_done
from tests.tools.ci.process import run
from tests.tools.ci.tree import CACHE

PYTEST_SECONDS = 40 * 60
SCENARIO_SECONDS = 20 * 60
NO_TESTS_COLLECTED = 5
LANES = 3
HEARTBEAT_SECONDS = 60
# These start first, the longest of all in front, so that the lanes end together.
LONGEST = ("ovsdb", "unrest", "fleet", "mesh", "info", "kernel", "faults")
# Folders that `make test` leaves to `make integration`, for their time.
LONG_FOLDERS = ("hosts",)
CI_SCENARIOS = ROOT / "tests/tools/ci-scenarios"


def pytest_lanes(folder: str, everything: bool) -> Tally:
    """Run every folder of tests below ``folder`` by itself, LANES at a time.

    Each boots a lab of its own, and waits for it more than it computes. Output is shown when a
    folder is done: its closing line where all is well, else all of it.
    """
    folders = sorted(
        {str(path.parent.relative_to(ROOT)) for path in ROOT.glob(f"{folder}/*/test_*.py")}
    )
    if not everything:
        left_out = [name for name in folders if Path(name).name in LONG_FOLDERS]
        folders = [name for name in folders if name not in left_out]
        print(f"  left out here: {', '.join(left_out)}; run all with: make integration")
    print(f"  guides left out here: {', '.join(guides_left_out())}; run all with: make guides")
    folders.sort(key=lambda name: [*LONGEST, Path(name).name].index(Path(name).name))
    print(f"  {len(folders)} folders, {LANES} at a time: {', '.join(folders)}", flush=True)
    jobs = {name: partial(pytest_suite, name, capture=True) for name in folders}
    return total(done.result() for _name, done, _spent in as_done(jobs, LANES, HEARTBEAT_SECONDS))


def pytest_suite(folder: str, *, capture: bool = False) -> Tally:
    """Run the tests of a folder and count them.

    A run that breaks off without a failed test, or finds no test, counts as one failure.
    """
    if not (ROOT / folder).is_dir():
        print(f"  there is no {folder}")
        return Tally()
    start = time.monotonic()
    record = CACHE / "reports" / f"{Path(folder).name}.xml"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    command = ["python", "-m", "pytest", folder, f"--junit-xml={record}"]
    finished = run(command, seconds=PYTEST_SECONDS, capture=capture)
    tally = read_junit(record) if record.exists() else Tally()
    if capture:
        spent = duration(time.monotonic() - start)
        print(
            f"  {'FAIL' if finished.status else 'ok':5} {folder:28} {spent:>12}  {tally}",
            flush=True,
        )
        if finished.status:
            print(finished.output, flush=True)
    if finished.status and not tally.failed:
        empty = finished.status == NO_TESTS_COLLECTED
        why = "it holds no test" if empty else f"pytest ended with status {finished.status}"
        print(f"  FAIL  {folder}: {why}")
        tally += FAILED
    return tally


def read_junit(record: Path) -> Tally:
    """Count the tests in a JUnit report; errors in set-up or tear-down are failures."""
    tallies = []
    for suite in ET.parse(record).getroot().iter("testsuite"):
        count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        failed = count["failures"] + count["errors"]
        passed = count["tests"] - failed - count["skipped"]
        tallies.append(Tally(passed, failed, count["skipped"]))
    return total(tallies)


def scenarios() -> list[str]:
    """List the molecule scenarios of the checkout."""
    return sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))


def chosen_for_ci() -> list[str]:
    """Read the scenarios that `make test` runs; each has a line, ``#`` starts a comment."""
    lines = CI_SCENARIOS.read_text(encoding="utf-8").splitlines()
    return [line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip()]


def molecule(only: str | None = None, everything: bool = False) -> Tally:
    """Run one scenario, all of them, or those chosen for CI."""
    existing = scenarios()
    wanted = [only] if only else existing if everything else chosen_for_ci()
    unknown = [name for name in wanted if name not in existing]
    for name in unknown:
        print(f"  FAIL  there is no scenario {name!r}; there are: {', '.join(existing) or 'none'}")
    left_out = [name for name in existing if name not in wanted]
    if left_out and not only:
        print(f"  left out here: {', '.join(left_out)}; run with: make molecule SCENARIO=NAME|all")
    known = [name for name in wanted if name in existing]
    return total(map(run_scenario, known)) + Tally(failed=len(unknown))


def run_scenario(name: str) -> Tally:
    """Run one scenario from create to destroy; its output is shown as it comes."""
    print(f"  scenario {name}", flush=True)
    start = time.monotonic()
    command = ["molecule", "test", "--scenario-name", name]
    finished = run(command, seconds=SCENARIO_SECONDS, capture=False)
    verdict = "FAIL" if finished.status else "ok"
    print(f"  {verdict:5} molecule {name:22} {duration(time.monotonic() - start):>8}", flush=True)
    return FAILED if finished.status else PASSED
