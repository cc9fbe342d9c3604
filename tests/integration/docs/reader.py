"""Does on a lab what a guide tells its reader, word for word."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.integration.docs.guide import CONTROLLER, Command, File, missing
from tests.integration.harness import Lab

# Addresses for documentation -> those of the lab's private networks. The guides' hosts hv1, hv2
# and so on are the lab's vtep1, vtep2 with the same last number.
ADDRESSES = {
    "192.0.2.": "198.18.0.",
    "198.51.100.": "198.19.100.",
    "203.0.113.": "198.19.113.",
}
DEADLINE = 300.0


def in_lab(text: str) -> str:
    """A text of a guide with the lab's addresses."""
    for documented, real in ADDRESSES.items():
        text = text.replace(documented, real)
    return text


class Reader:
    """Follows guides in a folder of its own, with the collections of these paths and no others."""

    def __init__(self, lab: Lab, folder: Path, *collections: Path) -> None:
        self.lab, self.folder = lab, folder
        self._environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, collections)),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }
        self._write_connections()

    def follow(self, guide: list[File | Command]) -> None:
        """Do everything in order. Raises AssertionError with all that the guide has wrong."""
        wrong = [fault for step in guide for fault in self._do(step)]
        assert not wrong, "\n".join(wrong)

    def _do(self, step: File | Command) -> Iterator[str]:
        """Write the file, or run the command; what does not come as shown."""
        if isinstance(step, File):
            target = self.folder / step.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(in_lab(step.text), encoding="utf-8")
            return
        status, output = self._run(step)
        told = f"line {step.line}: {step.script}\nstatus {status}\n{output}"
        assert (status != 0) == step.refused, f"should {'fail' if step.refused else 'work'}; {told}"
        line = missing([in_lab(line) for line in step.shown], output)
        if line is not None:
            yield f"this is shown, but does not come: {line}\n{told}"

    def _run(self, step: Command) -> tuple[int, str]:
        script = in_lab(step.script)
        if step.where == CONTROLLER:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
            return done.returncode, done.stdout
        host = re.sub(r"^hv", "vtep", step.where)
        result = self.lab.ssh(host, f"{{ {script}\n}} 2>&1", check=False, timeout=DEADLINE)
        return result.rc, result.stdout

    def _write_connections(self) -> None:
        """What readers have in their SSH configuration: how the hosts are reached."""
        group = self.lab.inventory()["vteps"]
        connection = {k: v for k, v in group["vars"].items() if k.startswith("ansible_")}
        folder = self.folder / "host_vars"
        folder.mkdir()
        for name, variables in group["hosts"].items():
            settings = {**connection, "ansible_host": variables["ansible_host"]}
            target = folder / f"{name.replace('vtep', 'hv')}.yml"
            target.write_text(yaml.safe_dump(settings), encoding="utf-8")
