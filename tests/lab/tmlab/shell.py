"""Run a program of this machine and turn a failure into a LabError."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import LabError


@dataclass(frozen=True)
class Result:
    """What a finished command left: exit code (255: SSH itself failed) and its output."""

    argv: tuple[str, ...]
    rc: int
    stdout: str
    stderr: str


def run(
    argv: Sequence[str],
    *,
    check: bool = True,
    stdin: str | None = None,
    timeout: float | None = None,
    cwd: str | None = None,
) -> Result:
    """Run argv to its end and return what it printed.

    timeout is in seconds. Raises LabError when the program is missing, runs into the timeout or,
    with check, exits non-zero.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd=cwd,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]} not found: run `lab up` as root, it installs it") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"no end within {timeout:g} s: {_shown(argv)}") from error
    result = Result(tuple(argv), done.returncode, done.stdout, done.stderr)
    if check and result.rc != 0:
        raise LabError(failure_text(result))
    return result


def failure_text(result: Result) -> str:
    """One readable message out of a failed command."""
    said = (result.stderr.strip() or result.stdout.strip())[-2000:]
    return f"exit code {result.rc} from: {_shown(result.argv)}\n{said}".rstrip()


def _shown(argv: Sequence[str]) -> str:
    """The command line for people; of an ssh only the host and the remote part say anything."""
    return f"ssh {' '.join(argv[-2:])}" if argv[0] == "ssh" else shlex.join(argv)
