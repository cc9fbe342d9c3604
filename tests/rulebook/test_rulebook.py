"""A real rulebook engine loads the event source, and a rule repairs a drift.

The host that is followed is a network namespace of this machine, whose kernel has VXLAN; what
datapaths and the database have to do with it is tested on the lab, see tests/integration/info.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.ci.model import ROOT

NETNS = f"tmrulebook-{os.getpid()}"
DEADLINE = 120.0
EXAMPLE = ROOT / "extensions/eda/rulebooks/repair_mesh.yml"


def _run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def device() -> Iterator[str]:
    """A VXLAN device that carries a mark of ours, in a namespace of its own."""
    _run("ip", "netns", "add", NETNS)
    try:
        _run("ip", "-n", NETNS, "link", "set", "lo", "up")
        kind = ("type", "vxlan", "id", "5", "dstport", "4789", "local", "127.0.0.1")
        _run("ip", "-n", NETNS, "link", "add", "vxrule", *kind)
        _run("ip", "-n", NETNS, "link", "set", "vxrule", "alias", "tunnelmesh.ovs owner=rulebook")
        _run("ip", "-n", NETNS, "link", "set", "vxrule", "up")
        yield "vxrule"
    finally:
        _run("ip", "netns", "del", NETNS)


def _rulebook(folder: Path) -> Path:
    """The example of the collection, for this owner, with a playbook of one task."""
    (book,) = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    book["sources"][0]["tunnelmesh.ovs.ovs_vxlan"].update(owner="rulebook", interval=0)
    playbook = folder / "repair.yml"
    playbook.write_text(
        yaml.safe_dump(
            [
                {
                    "name": "Repair",
                    "hosts": "localhost",
                    "gather_facts": False,
                    "tasks": [
                        {
                            "name": "Set it up again",
                            "ansible.builtin.command": "ip link set vxrule up",
                        },
                        {
                            "name": "Keep the event",
                            "ansible.builtin.copy": {
                                "content": "{{ ansible_eda.event | to_json }}",
                                "dest": str(folder / "event.json"),
                                "mode": "0600",
                            },
                        },
                    ],
                }
            ]
        )
    )
    (action,) = (one for one in book["rules"][0]["actions"] if "run_playbook" in one)
    action["run_playbook"]["name"] = str(playbook)
    book["rules"][1] = {**book["rules"][1], "action": {"shutdown": {"kind": "now"}}}
    file = folder / "rulebook.yml"
    file.write_text(yaml.safe_dump([book], sort_keys=False))
    return file


@pytest.fixture
def engine(device: str, tmp_path: Path) -> Iterator[subprocess.Popen[Any]]:
    """The engine, running in that namespace."""
    del device
    inventory, variables = tmp_path / "inventory", tmp_path / "vars.yml"
    python = f"ansible_python_interpreter={sys.executable}"
    inventory.write_text(f"localhost ansible_connection=local {python}\n")
    variables.write_text("inventory_host: here\n")
    command = ["ip", "netns", "exec", NETNS, "ansible-rulebook", "--verbose"]
    command += ["--rulebook", str(_rulebook(tmp_path)), "--vars", str(variables)]
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            [*command, "--inventory", str(inventory)],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        yield running
        running.terminate()
        running.wait(timeout=30)


def _until(what: Callable[[], Any], log: Path) -> None:
    end = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def test_the_example_rulebook_repairs_a_drift(
    device: str, engine: subprocess.Popen[Any], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    _until(lambda: "following here" in log.read_text(), log)
    _run("ip", "-n", NETNS, "link", "set", device, "down")
    _until(lambda: engine.poll() is not None, log)  # it shuts down when the problem is solved
    event = json.loads((tmp_path / "event.json").read_text())
    assert (event["state"], event["code"], event["host"]) == ("new", "device_down", "here")
    assert event["affects"] == [device]
    assert "UP" in _run("ip", "-n", NETNS, "-br", "link", "show", device)
