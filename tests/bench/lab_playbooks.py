"""Whole playbooks over SSH to a real host, against the peer and against Ansible's floor."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.guests import Guest, lab
from tests.bench.model import at_least, at_most
from tests.bench.phase import Effort, Findings, say
from tests.bench.playbook import Playbooks, changed
from tests.bench.switch import BRIDGE
from tests.bench.tunnels import declared, our_task, peer_task

PING: list[dict[str, Any]] = [{"ansible.builtin.ping": {}}]
FRESH = (
    f"ovs-vsctl --timeout=60 --if-exists del-br {BRIDGE} && ovs-vsctl --timeout=60 add-br {BRIDGE}"
)


class LabPlaybooks:
    """One host, its real Open vSwitch, a bridge in the kernel's datapath."""

    def __init__(self, folder: Path, inventory: dict[str, Any], guest: Guest, effort: Effort):
        self._guest, self._effort = guest, effort
        self._count = effort.size(20)
        self._found = Findings()
        self._books = Playbooks(folder, inventory, dict(os.environ))
        given = {"tunnels": declared(self._count)}
        self._commands = {
            "ours": self._books.command("ours", our_task(), given, hosts=guest.name),
            "peer": self._books.command("peer", peer_task(), given, hosts=guest.name),
            "ping": self._books.command("ping", PING, {}, hosts=guest.name),
        }

    def run(self) -> Findings:
        """Measure and compare."""
        rounds = self._effort.rounds(1, 3)
        say(f"whole playbooks in the lab, {self._count} ports, {rounds} rounds")
        self._check()
        for _round in range(rounds):
            self._round("peer")
            for _again in range(3):
                self._round("ours")
                self._found.samples.add("ping", self._books.run(self._commands["ping"]))
        samples, rows = self._found.samples, self._found.rows
        for run in ("first", "second"):
            ratio = samples[f"peer, {run} run"] / samples[f"ours, {run} run"]
            what = f"{run} run, {self._count} ports in the lab"
            rows.append(at_least(what, ratio, 20, "the peer"))
        ratio = samples["ours, second run"] / samples["ping"]
        rows.append(at_most("second run in the lab", ratio, 1.5, "the floor"))
        return self._found

    def _check(self) -> None:
        """Ours really makes the tunnels, then has nothing to do. Connections are open after."""
        self._guest.sh(FRESH)
        if changed(self._books.output(self._commands["ours"])) != 1:
            raise RuntimeError("the first run changed nothing")
        if changed(self._books.output(self._commands["ours"])):
            raise RuntimeError("the second run changed something")

    def _round(self, name: str) -> None:
        self._guest.sh(FRESH)
        for run in ("first", "second"):
            self._found.samples.add(f"{name}, {run} run", self._books.run(self._commands[name]))
        listed = self._guest.sh("ovs-vsctl --bare --columns=ofport find Interface type=vxlan")
        if len(listed.split()) != self._count:
            raise RuntimeError(f"{name} made {len(listed.split())} ports, not {self._count}")


def run(effort: Effort) -> Findings:
    """The phase."""
    with lab(1) as found, tempfile.TemporaryDirectory() as folder:
        guest = Guest(found, "vtep1")
        try:
            return LabPlaybooks(Path(folder), found.inventory(), guest, effort).run()
        finally:
            guest.sh(f"ovs-vsctl --timeout=60 --if-exists del-br {BRIDGE}")
