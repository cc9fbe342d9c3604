"""The event source, run on a guest as an engine would run it; its events as they come."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.integration.harness import REMOTE, ROOT, Target

PLUGIN = "extensions/eda/plugins/event_source/ovs_vxlan.py"
AT = f"{REMOTE}/ansible_collections/tunnelmesh/ovs/{PLUGIN}"
# Seconds until an event has to be there, on a busy machine.
DEADLINE = 60.0


class Source:
    """A running event source and everything that it has told."""

    def __init__(self, target: Target, **options: Any) -> None:
        self.target = target
        target.sh(f"mkdir -p $(dirname {AT})")
        target.lab.push(target.host, ROOT / PLUGIN, AT)
        self.events: list[dict[str, Any]] = []
        self.log: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        script = f"echo $$ >/run/source.pid; exec python3 {AT} '{json.dumps(options)}'"
        command = target.lab.ssh_settings.command(
            target.lab.host(target.host), ["sh", "-c", script]
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for stream, lines in (
            (self._process.stdout, self.events),
            (self._process.stderr, self.log),
        ):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    def _read(self, stream: Any, lines: list[Any]) -> None:
        for line in stream:
            with self._changed:
                lines.append(json.loads(line) if lines is self.events else line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def until(self, what: Callable[[], Any]) -> None:
        """Wait until ``what`` holds. Raises AssertionError after DEADLINE."""
        end = time.monotonic() + DEADLINE
        with self._changed:
            while not what():
                left = end - time.monotonic()
                assert left > 0, f"events: {self.events}; log: {''.join(self.log)}"
                assert not self._ended, "".join(self.log)
                self._changed.wait(left)

    def told(self, state: str) -> list[tuple[str, tuple[str, ...]]]:
        """(code, whom it affects) of the events of a state, in order of code."""
        chosen = [one for one in self.events if one["state"] == state]
        return sorted((one["code"], tuple(one["affects"])) for one in chosen)

    def forget(self) -> None:
        """Start a new count; everything has to be solved by now."""
        self.until(lambda: self.told("new") == self.told("solved"))
        with self._changed:
            self.events.clear()

    def signal(self, name: str) -> None:
        """Stop it, or let it go on."""
        self.target.sh(f"kill -{name} $(cat /run/source.pid)")

    def close(self) -> None:
        """End it."""
        self.target.sh("kill $(cat /run/source.pid)", check=False)
        self._process.wait(timeout=30)
