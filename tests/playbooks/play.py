"""Runs a playbook and tells what it changed, task by task, from the callback beside this file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CALLBACKS = Path(__file__).resolve().parent / "callbacks"
# Seconds that a playbook may take on a busy machine.
DEADLINE = 900.0

Actions = Sequence[Mapping[str, Any]]
# What Ansible does by itself on the controller; any other task is a round trip to its host.
LOCAL = {"assert", "debug", "include_tasks", "set_fact", "validate_argument_spec"}


@dataclass(frozen=True)
class Run:
    """What a playbook did.

    :ivar changes: host -> task -> actions, of tasks that changed something.
    :ivar status: the exit code.
    :ivar failures: host -> message, of hosts that failed or could not be reached.
    :ivar trips: host -> names of the tasks that went to it and ended well, in order.
    """

    changes: Mapping[str, Mapping[str, Actions]]
    status: int = 0
    failures: Mapping[str, str] = field(default_factory=dict)
    trips: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)

    @property
    def hosts(self) -> set[str]:
        """Hosts on which something changed."""
        return {host for host, tasks in self.changes.items() if tasks}

    def actions(self, host: str) -> list[tuple[str, str]]:
        """(action, attribute) of everything done on a host; one entry per changed attribute."""
        return [
            (str(action["action"]), attribute)
            for actions in self.changes.get(host, {}).values()
            for action in actions
            for attribute in action.get("changes") or [""]
        ]


def play(inventory: Path, *words: str, show: bool = True) -> Run:
    """``ansible-playbook`` on an inventory; what it prints is shown, or kept for the failure."""
    with tempfile.TemporaryDirectory(prefix="tunnelmesh-") as folder:
        events = Path(folder) / "events"
        done = subprocess.run(
            ["ansible-playbook", "-i", str(inventory), *words],
            env={
                **os.environ,
                "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
                "ANSIBLE_STDOUT_CALLBACK": "compact",
                "TUNNELMESH_EVENTS": str(events),
            },
            stdout=None if show else subprocess.PIPE,
            stderr=None if show else subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
        )
        if done.stdout:
            print(done.stdout, file=sys.stderr)
        return _read(events, done.returncode)


def _read(events: Path, status: int) -> Run:
    changes: dict[str, dict[str, Actions]] = {}
    failures: dict[str, str] = {}
    trips: dict[str, list[str]] = {}
    for line in events.read_text().splitlines() if events.exists() else ():
        event = json.loads(line)
        if event.get("action", "debug") not in LOCAL:
            trips.setdefault(event["host"], []).append(event["task"])
        if event.get("changed"):
            changes.setdefault(event["host"], {})[event["task"]] = event["actions"]
        if event.get("failed"):
            failures[event["host"]] = event["msg"]
    return Run(changes, status, failures, trips)
