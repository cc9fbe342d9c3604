"""The OVSDB module on its host, against raw JSON-RPC, ovs-vsctl and a no-op module."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.bench import payload
from tests.bench.clock import Cost
from tests.bench.clock import run as clocked
from tests.bench.model import Figures, Row, at_most, interleave
from tests.bench.phase import Effort, Findings, say
from tests.bench.switch import BRIDGE, Switch
from tests.bench.tunnels import declared, vsctl

MODULE = "tunnelmesh.ovs.ovs_vxlan_tunnel"
RAW = Path(__file__).with_name("raw_transact.py")


class ModuleBench:
    """Contestants are processes on the host, as Ansible starts them there."""

    def __init__(self, effort: Effort) -> None:
        self._effort = effort
        self._sizes = [effort.size(count) for count in (50, 1000, 5000)]
        self._found = Findings()
        self._switch = Switch()
        self._commands: dict[str, Sequence[str]] = {}
        for count in (1, *self._sizes):
            self._commands[f"raw {count}"] = [
                *(payload.PYTHON, str(RAW)),
                *(f"{self._switch.folder}/db.sock", BRIDGE, str(count)),
            ]
            self._commands[f"ovs-vsctl {count}"] = vsctl(count)
            for kind in ("module", "dry"):
                path = self._switch.folder / f"{kind}{count}.py"
                self._commands[f"{kind} {count}"] = payload.build(
                    path,
                    MODULE,
                    check_mode=kind == "dry",
                    bridge=BRIDGE,
                    tunnels=declared(count),
                    database=self._switch.database,
                    wait_timeout=300,
                )
        noop = self._switch.folder / "noop.py"
        self._commands["no-op"] = payload.build(noop, "noop", data={})

    def run(self) -> Findings:
        """Measure and compare."""
        try:
            self._single()
            for count in self._sizes:
                rounds = (
                    self._effort.rounds(3, 7)
                    if count > self._sizes[0]
                    else self._effort.rounds(7, 15)
                )
                say(f"module time on the host, {count} tunnels, {rounds} rounds")
                names = [f"raw {count}", f"ovs-vsctl {count}", f"module {count}"]
                if count == self._sizes[-1] and not self._effort.full:
                    names.remove(f"ovs-vsctl {count}")
                interleave(
                    self._found.samples,
                    rounds,
                    [(name, partial(self._created, name, count)) for name in names],
                )
        finally:
            self._switch.close()
        self._rows()
        return self._found

    def _single(self) -> None:
        """One tunnel against a module that does nothing."""
        rounds = self._effort.rounds(10, 20)
        say(f"one tunnel against a no-op module, {rounds} rounds")
        self._switch.fresh()
        self._call("module 1")
        steady = [(name, partial(self._call, name)) for name in ("no-op", "module 1", "dry 1")]
        interleave(self._found.samples, rounds, steady)
        for _round in range(rounds):
            self._switch.fresh()
            self._found.samples.add("module 1, created", self._call("module 1"))

    def _call(self, name: str) -> Cost:
        return clocked(self._commands[name], env=self._switch.environment)

    def _created(self, name: str, count: int) -> Cost:
        """From an empty bridge; afterwards the tunnels are there, and a second run is timed."""
        self._switch.fresh()
        cost = self._call(name)
        if self._switch.tunnels() != count:
            raise RuntimeError(f"{name} left {self._switch.tunnels()} tunnels")
        if name.startswith("module"):
            for again in (f"module {count}", f"dry {count}"):
                self._found.samples.add(f"{again}, unchanged", self._call(again))
        return cost

    def _rows(self) -> None:
        samples, rows = self._found.samples, self._found.rows
        for count in self._sizes[1:]:
            module, raw = self._slope("module", count), self._slope("raw", count)
            per = f"module {1000 * module.minimum:.3f} ms, raw {1000 * raw.minimum:.3f} ms"
            what = f"marginal time per tunnel, {self._sizes[0]} to {count}"
            than = "raw transact with wait"
            rows.append(at_most(what, module / raw, 1.5, than, f"per tunnel: {per}"))
            if count == self._sizes[1] or self._effort.full:
                ratio = module / self._slope("ovs-vsctl", count)
                rows.append(at_most(what, ratio, 1, "one ovs-vsctl transaction"))
        rows.append(self._linear())
        for name, text in (("module 1, created", "created"), ("module 1", "nothing to do")):
            ratio = samples[name] / samples["no-op"]
            rows.append(at_most(f"one tunnel (OVSDB), {text}", ratio, 1.25, "a no-op module"))

    def _slope(self, name: str, count: int) -> Figures:
        """Seconds for each further tunnel, from the smallest size to ``count``."""
        more = (
            self._found.samples[f"{name} {count}"] - self._found.samples[f"{name} {self._sizes[0]}"]
        )
        return more.times(1 / (count - self._sizes[0]))

    def _linear(self) -> Row:
        samples, (small, middle, large) = self._found.samples, self._sizes
        start = samples[f"module {small}"]
        long, short = samples[f"module {large}"] - start, samples[f"module {middle}"] - start
        what = f"T({large}) - T({small}) against T({middle}) - T({small})"
        return at_most(what, long / short, 6, "the shorter one")


def run(effort: Effort) -> Findings:
    """The phase."""
    return ModuleBench(effort).run()
