"""Progress lines on stderr with the time since the start."""

from __future__ import annotations

import sys
import time


class Progress:
    """Prints what happens and when, in seconds since it was made."""

    def __init__(self, quiet: bool = False) -> None:
        self._start = time.monotonic()
        self._quiet = quiet

    def __call__(self, text: str) -> None:
        """Print one line, unless quiet."""
        if not self._quiet:
            print(f"[{self.elapsed():6.1f} s] {text}", file=sys.stderr, flush=True)

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start
