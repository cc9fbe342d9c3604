"""Whole playbooks on this machine, against the peer and against Ansible's floor."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.bench.clock import Cost
from tests.bench.model import at_least, at_most, interleave
from tests.bench.phase import Effort, Findings, say
from tests.bench.playbook import LOCAL, Playbooks, changed
from tests.bench.switch import Switch
from tests.bench.tunnels import declared, our_task, peer_task

PING: list[dict[str, Any]] = [{"ansible.builtin.ping": {}}]


class PlaybookBench:
    """Contestants are playbooks; each starts from an empty switch of its own."""

    def __init__(self, effort: Effort) -> None:
        self._effort = effort
        self._small, self._peer, self._large = map(effort.size, (10, 50, 1000))
        self._found = Findings()
        self._switch = Switch()
        inventory = {"all": {"hosts": {"localhost": LOCAL}}}
        self._books = Playbooks(self._switch.folder / "books", inventory, self._switch.environment)
        self._commands: dict[str, list[str]] = {}
        for count in (self._small, self._peer, self._large):
            given = {"tunnels": declared(count)}
            ours = our_task(self._switch.database)
            self._commands[f"ours {count}"] = self._books.command(f"ours{count}", ours, given)
            self._commands[f"peer {count}"] = self._books.command(
                f"peer{count}", peer_task(), given
            )
        noop = [{"noop": {"data": "{{ tunnels }}"}}]
        given = {"tunnels": declared(self._large)}
        self._commands["no-op"] = self._books.command("noop", noop, given)
        self._commands["ping"] = self._books.command("ping", PING, {})

    def run(self) -> Findings:
        """Measure and compare."""
        try:
            self._check()
            rounds = self._effort.rounds(3, 7)
            say(f"whole playbooks on this machine, {rounds} rounds")
            floor = [(name, partial(self._plain, name)) for name in ("ping", "no-op")]
            for _round in range(rounds):
                for name in (
                    f"ours {self._peer}",
                    f"peer {self._peer}",
                    f"peer {self._small}",
                    f"ours {self._large}",
                ):
                    self._twice(name)
                interleave(self._found.samples, 1, floor)
        finally:
            self._switch.close()
        self._rows()
        return self._found

    def _check(self) -> None:
        """Both really make the tunnels, and ours then has nothing to do."""
        for name in (f"ours {self._small}", f"peer {self._small}"):
            self._switch.fresh()
            if changed(self._books.output(self._commands[name])) != 1:
                raise RuntimeError(f"{name} did not say that it changed something")
            if self._switch.tunnels() != self._small:
                raise RuntimeError(
                    f"{name} made {self._switch.tunnels()} tunnels, not {self._small}"
                )
            if changed(self._books.output(self._commands[name])):
                raise RuntimeError(f"{name} is not idempotent")

    def _twice(self, name: str) -> None:
        """First run, second run, and for ours a dry run."""
        self._switch.fresh()
        command, samples = self._commands[name], self._found.samples
        samples.add(f"{name}, first run", self._books.run(command))
        if name == f"peer {self._small}":
            return
        samples.add(f"{name}, second run", self._books.run(command))
        if name.startswith("ours"):
            samples.add(f"{name}, dry run", self._books.run(command, "--check", "--diff"))

    def _plain(self, name: str) -> Cost:
        return self._books.run(self._commands[name])

    def _rows(self) -> None:
        samples, rows = self._found.samples, self._found.rows
        for run in ("first", "second"):
            ratio = (
                samples[f"peer {self._peer}, {run} run"] / samples[f"ours {self._peer}, {run} run"]
            )
            rows.append(at_least(f"{run} run, {self._peer} ports native", ratio, 12, "the peer"))
        more = samples[f"peer {self._peer}, first run"] - samples[f"peer {self._small}, first run"]
        slope = more.times(1 / (self._peer - self._small))
        ratio = slope.times(self._large) / samples[f"ours {self._large}, first run"]
        note = f"the peer takes {slope.minimum:.3f} s per port, extrapolated to {self._large}"
        rows.append(
            at_least(f"{self._large} tunnels, first run", ratio, 150, "the peer's slope", note)
        )
        noop = (samples["no-op"] / samples["ping"]).minimum
        note = f"a no-op module that is handed the {self._large} tunnels: {noop:.2f} x the floor"
        for run in ("second", "dry"):
            ratio = samples[f"ours {self._large}, {run} run"] / samples["ping"]
            rows.append(at_most(f"{run} run, {self._large} tunnels", ratio, 1.5, "the floor", note))


def run(effort: Effort) -> Findings:
    """The phase."""
    return PlaybookBench(effort).run()
