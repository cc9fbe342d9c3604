"""Runs the collection's modules on the hosts of a lab, and looks at what came of it."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ansible

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))

# The lab is a program of its own, not a package of ours.
from tmlab.errors import LabError  # noqa: E402
from tmlab.lab import Lab  # noqa: E402
from tmlab.paths import labs_dir  # noqa: E402
from tmlab.shell import Result, failure_text  # noqa: E402

__all__ = ["Lab", "Runner", "Target", "labs_dir"]

# Readable by everyone: some tests run a module as an ordinary user.
REMOTE = "/opt/tunnelmesh-test"
# Seconds that one module call may take on a busy machine.
DEADLINE = 240.0


def stage(folder: Path) -> None:
    """Put together what the runner needs on a guest: the modules and Ansible's module_utils."""
    core = Path(ansible.__file__).parent
    skip = shutil.ignore_patterns("__pycache__", "*.ps1", "*.psm1", "powershell", "csharp")
    shutil.copytree(core / "module_utils", folder / "ansible" / "module_utils", ignore=skip)
    shutil.copytree(core / "_vendor", folder / "ansible" / "_vendor", ignore=skip)
    for name in ("__init__.py", "release.py"):
        shutil.copy(core / name, folder / "ansible" / name)
    plugins = folder / "ansible_collections" / "tunnelmesh" / "ovs" / "plugins"
    for part in ("modules", "module_utils"):
        shutil.copytree(ROOT / "plugins" / part, plugins / part, ignore=skip)
    for name in ("guest_runner.py", "guest_shell.py", "saboteur.py"):
        shutil.copy(Path(__file__).parent / name, folder)


class Dialogue:
    """A program on a guest that answers every line of JSON with another."""

    def __init__(self, lab: Lab, host: str, command: Sequence[str]) -> None:
        self.host = host
        self._process = subprocess.Popen(
            lab.ssh_settings.command(lab.host(host), command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: Any, seconds: float) -> Any:
        """The answer; AssertionError when there is none in time."""
        self.tell(question)
        return self.answer(seconds)

    def tell(self, question: Any) -> None:
        """Say it, and do not wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()

    def answer(self, seconds: float) -> Any:
        """The next line; AssertionError when there is none in time."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        if not ready:
            raise AssertionError(f"no answer from {self.host} within {seconds:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the connection to {self.host} has ended")
        return json.loads(line)

    def abandon(self) -> None:
        """End the connection to a host that is gone."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the connection."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)


class Runner:
    """One connection to one host, over which modules are run one after the other."""

    def __init__(self, lab: Lab, host: str, python: str = "python3") -> None:
        self.lab, self.host = lab, host
        self._send()
        self._dialogue = Dialogue(lab, host, [python, f"{REMOTE}/guest_runner.py"])
        if not self._dialogue.answer(DEADLINE).get("ready"):
            raise AssertionError(f"the runner did not start on {host}")

    def _send(self) -> None:
        """Bring the files over in one stream: scp takes several times as long."""
        unpack = f"rm -rf {REMOTE}; mkdir {REMOTE}; tar -xz -C {REMOTE}; chmod -R a+rX {REMOTE}"
        with tempfile.TemporaryDirectory() as folder:
            stage(Path(folder))
            pack = subprocess.run(
                ["tar", "--owner=0", "--group=0", "-C", folder, "-cz", "."],
                stdout=subprocess.PIPE,
                check=True,
            )
        command = self.lab.ssh_settings.command(self.lab.host(self.host), unpack)
        subprocess.run(command, input=pack.stdout, timeout=300, check=True)

    def __call__(self, module: str, *, check: bool = False, **args: Any) -> dict[str, Any]:
        """Run a module; its result without ``invocation``. Raises AssertionError on a crash."""
        return self.at_once({"module": module, "args": args, "check": check})[0]

    def spoiled(self, module: str, spoil: dict[str, Any], **args: Any) -> dict[str, Any]:
        """Run a module to which something happens on the way, see guest_runner.py."""
        return self.at_once({"module": module, "args": args, **spoil})[0]

    def at_once(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Run several modules at the same time."""
        answers: list[dict[str, Any]] = self._dialogue.ask(requests, DEADLINE)
        for request, answer in zip(requests, answers, strict=True):
            if "crash" in answer or "exception" in answer:
                text = answer.get("crash", answer)
                raise AssertionError(f"{request['module']} crashed: {text}")
            answer.pop("invocation", None)
        return answers

    def begin(self, module: str, spoil: dict[str, Any], **args: Any) -> None:
        """Start a module and do not wait for it; only :meth:`abandon` comes after it."""
        self._dialogue.tell([{"module": module, "args": args, **spoil}])

    def abandon(self) -> None:
        """End the connection to a host that is gone."""
        self._dialogue.abandon()

    def close(self) -> None:
        """End the connection."""
        self._dialogue.close()


class Target:
    """A host under test: its modules, its shell, and independent witnesses of its kernel."""

    def __init__(self, lab: Lab, host: str) -> None:
        self.lab, self.host = lab, host
        self.run = Runner(lab, host)
        self._shell = Dialogue(lab, host, ["python3", f"{REMOTE}/guest_shell.py"])
        self._free = threading.Lock()

    def sh(self, script: str, *, check: bool = True) -> str:
        """What a shell script printed on the host. LabError if it fails and ``check`` is set.

        Scripts that run at the same time, in threads, have an SSH session each.
        """
        if not self._free.acquire(blocking=False):
            text: str = self.lab.ssh(self.host, script, check=check).stdout
            return text
        try:
            code, output, error = self._shell.ask(script, DEADLINE)
        finally:
            self._free.release()
        if check and code:
            done = Result((script,), code, output, error)
            raise LabError(f"{self.host}: {failure_text(done)}")
        return str(output)

    def link(self, name: str) -> dict[str, Any] | None:
        """``ip -d -j link show``: one device as iproute2 sees it."""
        output = self.sh(f"ip -d -j link show dev {name} 2>/dev/null || true").strip()
        found = json.loads(output) if output else []
        return found[0] if found else None

    def vxlan(self, name: str) -> dict[str, Any]:
        """The VXLAN attributes of a device as iproute2 sees them."""
        link = self.link(name)
        assert link is not None, f"{name} does not exist"
        data: dict[str, Any] = link["linkinfo"]["info_data"]
        return data

    def flood(self, name: str) -> set[str]:
        """``bridge fdb``: destinations of the all-zero entries."""
        lines = self.sh(f"bridge fdb show dev {name}").splitlines()
        return {line.split()[2] for line in lines if line.startswith("00:00:00:00:00:00 dst")}

    def ports(self, datapath: str) -> dict[str, int]:
        """``ovs-dpctl show``: port numbers by name; empty where there is no such datapath."""
        output = self.sh(f"ovs-dpctl show {datapath} 2>/dev/null", check=False)
        ports = {}
        for line in output.splitlines():
            words = line.split()
            if words[:1] == ["port"]:
                ports[words[2]] = int(words[1].rstrip(":"))
        return ports

    def abandon(self) -> None:
        """Let go of a host that is gone."""
        self.run.abandon()
        self._shell.abandon()

    def close(self) -> None:
        """End the runner and the shell."""
        self.run.close()
        self._shell.close()
