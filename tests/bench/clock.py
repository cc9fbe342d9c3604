"""Runs one command and says what it cost. Standard library only: it also runs on the guests.

As a program it reads a JSON list of jobs, {"prepare": [SHELL, ...], "command": [WORD, ...],
"stdin": FILE}, runs one after the other and prints a JSON list of costs.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

DEADLINE = 900.0


@dataclass(frozen=True)
class Cost:
    """What one run took.

    :param wall: seconds on the wall.
    :param cpu: seconds of CPU in the process and all that it waited for.
    :param memory: resident MiB of the largest of these processes.
    """

    wall: float
    cpu: float
    memory: float = 0.0


def run(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    expect: int = 0,
) -> Cost:
    """Run a command to its end.

    :param stdin: path of a file that it reads, else it reads nothing.
    :param expect: the exit status that means success.
    :raises RuntimeError: another status, or no end within DEADLINE seconds; with its output.
    """
    with tempfile.TemporaryFile() as output, open(stdin or os.devnull, "rb") as given:  # noqa: PTH123
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=output, stderr=output, env=env)
        descriptor = os.pidfd_open(process.pid)
        try:
            ended, _, _ = select.select([descriptor], [], [], DEADLINE)
            if not ended:
                process.kill()
            _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        finally:
            os.close(descriptor)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != expect:
            output.seek(0)
            text = output.read()[-4000:].decode(errors="replace")
            shown = " ".join(command)[:300]
            raise RuntimeError(f"{shown}: exit status {process.returncode}, not {expect}\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run_job(job: Mapping[str, Any]) -> dict[str, float]:
    """Prepare and run one job."""
    for script in job.get("prepare", ()):
        subprocess.run(["sh", "-ec", script], check=True, stdout=subprocess.DEVNULL)
    return asdict(run(job["command"], stdin=job.get("stdin")))


if __name__ == "__main__":
    print(json.dumps([run_job(job) for job in json.load(sys.stdin)]))
