"""All jobs of a run through one queue, so that no processor waits for the end of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from tests.tools.ci.model import FAILED, Job, Outcome, Tally, duration
from tests.tools.ci.parallel import as_done

# Jobs at a time: a lab waits for its hosts more than it computes.
LANES = 3
HEARTBEAT_SECONDS = 60
# These start first, the longest of all in front, so that the lanes end together.
LONGEST = (
    "tests/integration/mesh",
    "tests/integration/ovsdb",
    "tests/integration/unrest",
    "tests/integration/kernel",
    "tests/integration/faults",
    "ansible-test sanity",
    "tests/integration/fleet",
    "tests/integration/info",
    "tests/integration/docs",
    "tests/unit",
)


def work_off(jobs: Sequence[Job]) -> dict[str, list[Tally]]:
    """Run the jobs, LANES at a time, and print a line for each; return what each stage counted.

    Output is shown when a job is done, and only where it failed. A single job shows its own.
    """
    if len(jobs) > 1:
        print(f"{len(jobs)} jobs, {LANES} at a time", flush=True)
    ordered = sorted(jobs, key=lambda job: [*LONGEST, job.name].index(job.name))
    named = {job.name: job for job in ordered}
    work = {name: partial(job.work, len(jobs) == 1) for name, job in named.items()}
    counted: dict[str, list[Tally]] = {}
    for name, done, seconds in as_done(work, LANES, HEARTBEAT_SECONDS):
        outcome = _outcome(done)
        counted.setdefault(named[name].stage, []).append(outcome.tally)
        verdict = "FAIL" if outcome.tally.failed else "ok"
        print(f"  {verdict:5} {name:28} {duration(seconds):>12}  {outcome.tally}", flush=True)
        if outcome.text:
            print(outcome.text, flush=True)
    return counted


def _outcome(done: Future[Outcome]) -> Outcome:
    """What breaks in a job is a failure of this job alone."""
    error = done.exception()
    if error is not None:
        return Outcome(FAILED, f"        broke off: {type(error).__name__}: {error}")
    return done.result()
