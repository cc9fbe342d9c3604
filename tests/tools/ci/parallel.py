"""Several jobs at a time, with a sign of life while they run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from tests.tools.ci.model import duration

Result = TypeVar("Result")


def as_done(
    jobs: Mapping[str, Callable[[], Result]], workers: int, heartbeat: float
) -> Iterator[tuple[str, Future[Result], float]]:
    """Run the jobs, ``workers`` at a time in their order; yield name, outcome and seconds of each.

    heartbeat: seconds without a finished job after which the running ones are printed.
    """
    started: dict[str, float] = {}

    def work(name: str) -> Result:
        started[name] = time.monotonic()
        return jobs[name]()

    with ThreadPoolExecutor(workers) as pool:
        pending = {pool.submit(work, name): name for name in jobs}
        while pending:
            done, _waiting = wait(pending, heartbeat, FIRST_COMPLETED)
            now = time.monotonic()
            for future in done:
                name = pending.pop(future)
                yield name, future, now - started[name]
            if not done:
                running = [
                    f"{name} ({duration(now - started[name])})"
                    for future, name in pending.items()
                    if future.running() and name in started
                ]
                print(f"  ...   running: {', '.join(running)}", flush=True)
