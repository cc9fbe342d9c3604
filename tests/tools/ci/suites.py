"""The test suites: pytest folders and molecule scenarios."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

from tests.tools.ci.model import FAILED, PASSED, ROOT, Job, Outcome, Tally, total
from tests.tools.ci.process import Finished, run
from tests.tools.ci.tree import CACHE

PYTEST_SECONDS = 40 * 60
SCENARIO_SECONDS = 20 * 60
NO_TESTS_COLLECTED = 5
# Folders that `make test` leaves to `make integration`, for their time.
LONG_FOLDERS = ("hosts",)
CI_SCENARIOS = ROOT / "tests/tools/ci-scenarios"


def folder(stage: str, name: str) -> Job:
    """Return the job of a folder of tests."""
    return Job(stage, name, partial(pytest_suite, name))


def integration_folders() -> list[str]:
    """List the folders of tests on real kernels; each boots a lab of its own."""
    found = ROOT.glob("tests/integration/*/test_*.py")
    return sorted({str(path.parent.relative_to(ROOT)) for path in found})


def is_long(name: str) -> bool:
    """Tell whether `make test` leaves a folder out."""
    return Path(name).name in LONG_FOLDERS


def pytest_suite(name: str, live: bool = False) -> Outcome:
    """Run the tests of a folder and count them.

    A run that breaks off without a failed test, or finds no test, counts as one failure.
    """
    record = CACHE / "reports" / f"{Path(name).name}.xml"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    command = ["python", "-m", "pytest", name, f"--junit-xml={record}"]
    finished = run(command, seconds=PYTEST_SECONDS, capture=not live)
    tally = read_junit(record) if record.exists() else Tally()
    if not finished.status:
        return Outcome(tally)
    if tally.failed:
        return Outcome(tally, finished.output)
    empty = finished.status == NO_TESTS_COLLECTED
    why = "it holds no test" if empty else f"pytest ended with status {finished.status}"
    return Outcome(tally + FAILED, f"{finished.output}\n{name}: {why}")


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


def scenario(name: str) -> Job:
    """Return the job of a scenario, from create to destroy; a name that nothing has fails."""
    if name in scenarios():
        return Job("molecule", f"molecule {name}", partial(run_scenario, name))
    complaint = f"        there is no scenario {name!r}; there are: {', '.join(scenarios())}"
    return Job("molecule", f"molecule {name}", lambda _live: Outcome(FAILED, complaint))


def run_scenario(name: str, live: bool = False) -> Outcome:
    """Run ``molecule test``."""
    command = ["molecule", "test", "--scenario-name", name]
    finished: Finished = run(command, seconds=SCENARIO_SECONDS, capture=not live)
    return Outcome(FAILED, finished.output) if finished.status else Outcome(PASSED)
