"""A phase of the benchmark: measures something, and answers with samples and rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.model import Row, Samples


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    ``quick`` takes under 15 minutes for everything, ``full`` under 40. ``smoke`` only shows that
    the benchmark itself works; its figures mean nothing.
    """

    mode: str

    @property
    def full(self) -> bool:
        """Everything, with many rounds."""
        return self.mode == "full"

    def rounds(self, quick: int, full: int) -> int:
        """Rounds of one interleaved measurement."""
        return {"smoke": 1, "quick": quick, "full": full}[self.mode]

    def size(self, wanted: int) -> int:
        """How many tunnels, ports or hosts."""
        return max(1, wanted // 10) if self.mode == "smoke" else wanted


MODES = ("smoke", "quick", "full")


@dataclass
class Findings:
    """What a phase found out."""

    samples: Samples = field(default_factory=Samples)
    rows: list[Row] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "samples": self.samples.as_json(),
            "rows": [vars(row) for row in self.rows],
        }


def say(text: str) -> None:
    """Progress, at once."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def ended(command: Sequence[str], limit: float) -> int:
    """Run a command; its status. What it has started is ended with it when time is up."""
    process = subprocess.Popen(command, start_new_session=True)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return 1
