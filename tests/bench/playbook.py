"""Whole playbook runs: what a user waits for."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench import fetch
from tests.bench.clock import Cost, run

ROOT = Path(__file__).resolve().parents[2]
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}


class Playbooks:
    """A folder with one inventory; every play runs against it with the same settings."""

    def __init__(
        self, folder: Path, inventory: Mapping[str, Any], environment: Mapping[str, str]
    ) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._write("inventory.json", inventory)
        own = os.environ["ANSIBLE_COLLECTIONS_PATH"]
        self._environment = {
            **environment,
            "ANSIBLE_COLLECTIONS_PATH": f"{own}:{fetch.peer()}",
            "ANSIBLE_LIBRARY": str(ROOT / "tests/bench/library"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }

    def _write(self, name: str, content: Any) -> Path:
        path = self._folder / name
        path.write_text(json.dumps(content))
        return path

    def command(
        self,
        name: str,
        tasks: list[Any],
        variables: Mapping[str, Any],
        hosts: str = "all",
        **play: Any,
    ) -> list[str]:
        """Write a play and its variables; the command that runs it."""
        whole = [{"hosts": hosts, "gather_facts": False, "tasks": tasks, **play}]
        book = self._write(f"{name}.json", whole)
        words = ["ansible-playbook", "-i", str(self._folder / "inventory.json"), str(book)]
        if variables:
            words += ["-e", f"@{self._write(f'{name}.vars.json', variables)}"]
        return words

    def play(self, name: str, **variables: Any) -> list[str]:
        """The command that runs a playbook of a collection."""
        words = ["ansible-playbook", "-i", str(self._folder / "inventory.json"), name]
        return [*words, "-e", json.dumps(variables)]

    def run(self, command: list[str], *extra: str) -> Cost:
        """Run it; raises RuntimeError when a task fails."""
        return run([*command, *extra], env=self._environment)

    def output(self, command: list[str], *extra: str) -> str:
        """Run it without a clock; what it printed."""
        done = subprocess.run(
            [*command, *extra], env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout


def changed(output: str) -> int:
    """How many tasks say that they changed something, by the recap."""
    return sum(map(int, re.findall(r"changed=(\d+)", output)))
