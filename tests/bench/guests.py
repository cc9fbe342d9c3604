"""The lab as the benchmark uses it: commands on a guest, timed by the guest's own clock."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import payload
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


class Started:
    """A program that runs on a guest."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{' '.join(command[-3:])} did not start")

    def finish(self) -> list[int]:
        """Close its input and wait for it; the numbers that it printed."""
        output, _errors = self._process.communicate(timeout=DEADLINE)
        return [int(word) for word in output.split()]


class Guest:
    """One host of the lab."""

    def __init__(self, in_lab: Lab, name: str) -> None:
        self._lab, self.name = in_lab, name
        self.sh(f"mkdir -p {FOLDER}")
        for name in ("clock.py", "wire.py"):
            self.push(Path(__file__).with_name(name))

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

    def apply(self, module: str, **arguments: Any) -> dict[str, Any]:
        """Run a module of the collection as Ansible would; its result. Raises RuntimeError."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "apply.py"
            command = payload.build(path, f"tunnelmesh.ovs.{module}", **arguments)
            self.push(path)
        text = self.sh(f"{command[0]} {FOLDER}/{path.name}", check=False)
        result: dict[str, Any] = json.loads(text[text.index("{") :])
        if result.get("failed"):
            raise RuntimeError(f"{module} on {self.name}: {result['msg']}")
        return result

    def start(self, *words: str) -> Started:
        """Run wire.py on the guest in the background, see there; it is ready on return."""
        host, settings = self._lab.host(self.name), self._lab.ssh_settings
        command = settings.command(host, ["python3", f"{FOLDER}/wire.py", *words])
        return Started(command)

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
