"""Fixtures: labs by their command line, and what a lab leaves on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.harness import ROOT, labs_dir

PROGRAM = ROOT / "tests/lab/lab"
SECONDS = 300


@dataclass(frozen=True)
class Words:
    """The command line of one lab."""

    name: str

    def __call__(self, verb: str, *words: str, check: bool = True) -> str:
        """What a verb printed on either stream; with check it must succeed."""
        done = self.run(verb, *words)
        text = done.stdout + done.stderr
        assert not check or done.returncode == 0, f"{verb}: {text}"
        return text

    def run(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        """The finished process."""
        return subprocess.run(self.command(verb, *words), text=True, capture_output=True,
                              timeout=SECONDS, check=False)  # fmt: skip

    def command(self, verb: str, *words: str) -> list[str]:
        """The whole command line."""
        cut = words.index("--") if "--" in words else len(words)
        return [str(PROGRAM), verb, *words[:cut], "--name", self.name, *words[cut:]]

    def sh(self, host: str, script: str) -> str:
        """What a shell script printed on a host."""
        return self.run("ssh", host, "--", script).stdout.strip()

    def pids(self) -> list[int]:
        """Processes of this machine that belong to the lab, found by what they were started with.

        A kept SSH connection shows the folder as its title, a guest as an argument.
        """
        state = os.fsencode(labs_dir() / self.name) + b"/"
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b"/") + b"/"
            except OSError:
                continue
            if state in line:
                found.append(int(path.parent.name))
        return [pid for pid in found if pid != os.getpid()]

    def left(self) -> dict[str, object]:
        """What is on this machine of the lab."""
        networks = subprocess.run(["ip", "netns"], text=True, capture_output=True, check=True)
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
        return {
            "processes": self.pids(),
            "namespace": f"tmlab-{self.name}" in networks.stdout.split(),
            "mount": f"/{self.name}" in mounts,
            "folder": (labs_dir() / self.name).exists(),
        }


NOTHING = {"processes": [], "namespace": False, "mount": False, "folder": False}


def devices() -> set[str]:
    """Network devices of this machine itself."""
    return {path.name for path in Path("/sys/class/net").iterdir()}


@pytest.fixture(scope="module")
def one() -> Iterator[Words]:
    """A lab of two hosts."""
    yield from _up(f"labtest-a{os.getpid() % 10000}", "--hosts", "2")


@pytest.fixture(scope="module")
def other() -> Iterator[Words]:
    """A second lab, on an IPv6 underlay of another MTU."""
    yield from _up(
        f"labtest-b{os.getpid() % 10000}", "--hosts", "1", "--underlay", "ipv6", "--mtu", "9000"
    )


def _up(name: str, *words: str) -> Iterator[Words]:
    lab = Words(name)
    try:
        lab("up", *words)
        yield lab
    finally:
        lab("down")
