"""The lab as the benchmark uses it: commands on a guest, timed by the guest's own clock."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.clock import Cost
from tests.integration.harness import Lab

# On a guest.
FOLDER = "/opt/tunnelmesh-bench"
DEADLINE = 900.0


@contextmanager
def lab(hosts: int) -> Iterator[Lab]:
    """A lab of so many hosts; TUNNELMESH_BENCH_LAB names one that is kept for the next run."""
    kept = os.environ.get("TUNNELMESH_BENCH_LAB")
    found = Lab(kept or "bench")
    try:
        found.up(hosts)
        yield found
    finally:
        if not kept:
            found.down()


class Guest:
    """One host of the lab."""

    def __init__(self, in_lab: Lab, name: str) -> None:
        self._lab, self.name = in_lab, name
        self.sh(f"mkdir -p {FOLDER}")
        self.push(Path(__file__).with_name("clock.py"))

    def sh(self, script: str, *, check: bool = True) -> str:
        """What a shell script printed."""
        return str(self._lab.ssh(self.name, script, check=check, timeout=DEADLINE).stdout)

    def push(self, path: Path) -> str:
        """Copy a file; its path on the guest."""
        self._lab.push(self.name, path, FOLDER)
        return f"{FOLDER}/{path.name}"

    def write(self, name: str, text: str) -> str:
        """Write a file; its path on the guest."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_text(text)
            return self.push(path)

    def clock(self, jobs: Sequence[dict[str, Any]], netns: str = "") -> list[Cost]:
        """Run jobs one after the other, see clock.py; what each cost."""
        inside = f"ip netns exec {netns} " if netns else ""
        done = self._lab.ssh(
            self.name,
            f"{inside}python3 {FOLDER}/clock.py",
            stdin=json.dumps(list(jobs)),
            timeout=DEADLINE,
        )
        return [Cost(**cost) for cost in json.loads(done.stdout.splitlines()[-1])]
