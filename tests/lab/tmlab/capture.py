"""Packet capture inside the lab's namespace with tcpdump."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .errors import LabError
from .namespace import Namespace

_START_DEADLINE = 20.0
_STOP_DEADLINE = 10.0


def command(namespace: Namespace, device: str, file: Path, arguments: Sequence[str]) -> list[str]:
    """tcpdump on a device of the namespace; every packet is on disk as soon as it is seen."""
    fixed = ["tcpdump", "-i", device, "-U", "--immediate-mode", "-n", "-Z", "root", "-w", str(file)]
    return [*namespace.enter(), *fixed, *arguments]


class Capture:
    """A running tcpdump: from its making on every packet is seen; stop() before reading file."""

    def __init__(
        self, namespace: Namespace, device: str, file: Path, arguments: Sequence[str] = ()
    ) -> None:
        """Start; returns when tcpdump listens. Raises LabError when it refuses, e.g. a filter."""
        self.file = file
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  (lives as long as this)
        self._process = subprocess.Popen(
            command(namespace, device, file.resolve(), arguments),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self._wait_started()

    def _wait_started(self) -> None:
        deadline = time.monotonic() + _START_DEADLINE
        while "listening on" not in self._said():
            if self._process.poll() is not None:
                raise LabError(f"tcpdump ended: {self._said().strip()}")
            if time.monotonic() > deadline:
                self.stop()
                raise LabError(f"tcpdump does not start: {self._said().strip()}")
            time.sleep(0.02)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for tcpdump's own end (-c); False when timeout (seconds) passes first."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> str:
        """End the capture and return what tcpdump said (its packet counts)."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._said()

    def _said(self) -> str:
        # pread: the file position belongs to the child's writes.
        return os.pread(self._log.fileno(), 1 << 20, 0).decode(errors="replace")

    def __enter__(self) -> Capture:
        """Use as a context: the capture ends with it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()
