"""The capture verb: in the foreground until tcpdump, the clock or a signal ends it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from .lab import Lab


class _Stopped(Exception):
    """SIGTERM or SIGINT came."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped


def capture(
    lab: Lab, where: str, file: str, arguments: Sequence[str], seconds: float | None
) -> int:
    """Capture into file and print tcpdump's counts; a signal is a normal end."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        with lab.capture(where, file, arguments) as running:
            print(f"capturing on {where} into {file}", file=sys.stderr, flush=True)
            with suppress(_Stopped):
                running.wait(seconds)
            print(running.stop().strip(), file=sys.stderr)
            return 0
    except _Stopped:
        return 0
