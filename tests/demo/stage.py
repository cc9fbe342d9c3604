"""What the story needs: a lab, playbooks on it, commands in its hosts, and a place to print."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from tests.playbooks.play import Run, play

HOSTS = ("vtep1", "vtep2", "vtep3")


class Surprise(Exception):
    """Something did not happen as the story says."""


class Stage:
    """One lab with three hosts, and a folder for its inventory."""

    def __init__(self, root: Path, lab: str) -> None:
        self._lab = lab
        self._tool = str(root / "tests" / "lab" / "lab")
        self._folder = tempfile.TemporaryDirectory(prefix="tunnelmesh-demo-")
        self._inventory = Path(self._folder.name) / "inventory.yml"
        self.runs: dict[str, Run] = {}

    @staticmethod
    def head(title: str, text: str) -> None:
        """A heading and what is about to be shown."""
        print(f"\n\033[1m{title}\033[0m" if os.isatty(1) else f"\n{title}", flush=True)
        for line in textwrap.wrap(text, 96):
            print(f"   {line}", flush=True)
        print(flush=True)

    @staticmethod
    def say(text: str) -> None:
        """A result, indented."""
        print(textwrap.indent(text.rstrip("\n"), "    "), flush=True)

    @staticmethod
    def expect(condition: bool, otherwise: str) -> None:
        """Raise Surprise unless the condition holds."""
        if not condition:
            raise Surprise(otherwise)

    def lab(self, *words: str) -> str:
        """A verb of the lab; its progress is shown, its output returned."""
        verb, *rest = words
        done = subprocess.run(
            [self._tool, verb, "--name", self._lab, *rest], stdout=subprocess.PIPE, text=True
        )
        self.expect(done.returncode == 0, f"tests/lab/lab {verb} failed ({done.returncode})")
        return done.stdout

    def boot(self) -> None:
        """Three fresh hosts and their inventory."""
        self.lab("down")
        self.lab("up", "--hosts", str(len(HOSTS)))
        self._inventory.write_text(self.lab("inventory"))

    def on(self, host: str, command: str, show: bool = False) -> subprocess.CompletedProcess[str]:
        """A shell command in a host."""
        if show:
            self.say(f"root@{host}# {command}")
        return subprocess.run(
            [self._tool, "ssh", host, "--name", self._lab, "--", command],
            capture_output=True,
            text=True,
            timeout=60,
        )

    def must(self, host: str, command: str, show: bool = False) -> str:
        """As ``on``; returns what it prints, and is surprised when it fails."""
        done = self.on(host, command, show)
        self.expect(done.returncode == 0, f"{command!r} failed on {host}: {done.stderr.strip()}")
        return done.stdout

    def data(self, host: str, command: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.must(host, command))

    def playbook(self, name: str, *options: str) -> Run:
        """A playbook of the collection on all hosts, with backend kernel."""
        words = [f"tunnelmesh.ovs.{name}", "-e", "vxlan_mesh_backend=kernel", *options]
        if name == "mesh":  # the hosts have their packages, and no way to fetch any
            words += ["-e", "vtep_manage_packages=false"]
        self.say(f"$ ansible-playbook -i INVENTORY {shlex.join(words)}")
        run = play(self._inventory, *words)
        self.expect(run.status == 0, f"the playbook {name} failed")
        return run

    def clear(self) -> None:
        """Remove the lab and the folder, whatever state they are in."""
        subprocess.run([self._tool, "down", "--name", self._lab], stdout=subprocess.DEVNULL)
        self._folder.cleanup()

    def explain_how_to_enter(self) -> None:
        """For DEMO_KEEP."""
        self._folder.cleanup()
        self.head(
            "The hosts are still running (DEMO_KEEP)",
            "Enter one, look around, run a playbook, and take them down when you are done:",
        )
        name = f"--name {self._lab}"
        self.say(
            f"tests/lab/lab ssh vtep1 {name}\n"
            'eval "$(make -s env)"\n'
            f"ansible-playbook -i <(tests/lab/lab inventory {name}) tunnelmesh.ovs.verify "
            "-e vxlan_mesh_backend=kernel\n"
            f"tests/lab/lab down {name}"
        )
