"""Runs commands with a deadline; a command that exceeds it is ended with its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools.ci.model import ROOT

GRACE_SECONDS = 20


@dataclass(frozen=True)
class Finished:
    """A finished command: exit status and, when captured, what it printed."""

    status: int
    output: str = ""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    seconds: float = 900,
    capture: bool = True,
) -> Finished:
    """Run a command. Its output is returned, or shown as it comes with ``capture=False``.

    ``env`` is added to the environment. After ``seconds`` the command and all that it
    started in its process group is ended, and the status is 124.
    """
    sys.stdout.flush()
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        output: str | None
        try:
            output, _none = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            output = _end(process)
            note = f"\nended: not finished after {seconds:.0f} s\n"
            return Finished(124, (output or "") + note)
        except BaseException:
            _end(process)
            raise
    return Finished(process.returncode, output or "")


def _end(process: subprocess.Popen[str]) -> str | None:
    """End the process group: politely, so that tests can clean up, then for certain."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            output, _none = process.communicate(timeout=GRACE_SECONDS)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
        return output
    return None
