"""The kernel plane on a real kernel, against ``ip -batch`` with ``ovs-dpctl``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.bench import payload
from tests.bench.guests import FOLDER, Guest, lab
from tests.bench.model import at_most
from tests.bench.phase import Effort, Findings, say

MODULE = "tunnelmesh.ovs.ovs_vxlan_port"
DATAPATH = "bench"
LOCAL, MTU = "198.18.0.11", 1450


class KernelBench:
    """Every contestant works in a network namespace of its own, with a datapath and no port.

    A namespace goes away in one piece; deleting 1000 devices one by one would take longer than
    all that is measured.
    """

    def __init__(self, guest: Guest, effort: Effort) -> None:
        self._guest, self._effort = guest, effort
        self._count = effort.size(1000)
        self._found = Findings()
        self._number = 0

    def run(self) -> Findings:
        """Measure and compare."""
        self._prepare()
        say(f"{self._count} kernel ports on a real kernel")
        for _round in range(self._effort.rounds(3, 7)):
            self._many()
        say("one kernel port against a no-op module")
        for _round in range(self._effort.rounds(5, 12)):
            self._one()
        self._rows()
        return self._found

    def _prepare(self) -> None:
        names = [f"vx{number}" for number in range(self._count)]
        lines = [
            f"link add name {name} mtu {MTU} up type vxlan id {number} dstport 4789 "
            f"local {LOCAL} ttl 64 df set"
            for number, name in enumerate(names)
        ]
        self._guest.write("batch", "".join(f"{line}\n" for line in lines))
        script = f"ip -batch {FOLDER}/batch\novs-dpctl add-if {DATAPATH} {' '.join(names)}\n"
        self._guest.write("by-hand.sh", script)
        ports = [{"name": name, "vni": number} for number, name in enumerate(names)]
        with tempfile.TemporaryDirectory() as folder:
            for name, check, given in (("many", False, ports), ("dry", True, ports)):
                self._payload(Path(folder), name, check, given)
            self._payload(Path(folder), "one", False, ports[:1])
            path = Path(folder) / "noop.py"
            payload.build(path, "noop", data={})
            self._guest.push(path)

    def _payload(self, folder: Path, name: str, check: bool, ports: list[Any]) -> None:
        path = folder / f"{name}.py"
        shared = {"datapath": DATAPATH, "local_ip": LOCAL, "mtu": str(MTU)}
        payload.build(path, MODULE, check_mode=check, ports=ports, **shared)
        self._guest.push(path)

    def _in_namespace(self, names: list[str], jobs: dict[str, list[str]], expected: int) -> None:
        """Run jobs in a new namespace, record those that are named, count what they made."""
        self._number += 1
        netns = f"bench{self._number}"
        self._guest.sh(f"ip netns add {netns}; ip netns exec {netns} ovs-dpctl add-dp {DATAPATH}")
        commands = [{"command": jobs[name]} for name in names]
        for name, cost in zip(names, self._guest.clock(commands, netns), strict=True):
            self._found.samples.add(name, cost)
        shown = self._guest.sh(f"ip netns exec {netns} ovs-dpctl show {DATAPATH}")
        linked = sum(
            line.split()[2].startswith("vx")
            for line in shown.splitlines()
            if "port" in line.split()[:1]
        )
        self._guest.sh(f"ip netns del {netns}")
        if linked != expected:
            raise RuntimeError(f"{names}: {linked} ports are linked, not {expected}")

    def _many(self) -> None:
        module = {name: [payload.PYTHON, f"{FOLDER}/{name}.py"] for name in ("many", "dry")}
        hand = {"ip -batch and ovs-dpctl": ["sh", "-e", f"{FOLDER}/by-hand.sh"]}
        show = {"ip -d -j link show": ["ip", "-d", "-j", "link", "show"]}
        self._in_namespace(list(hand), hand, self._count)
        jobs = {
            "module, created": module["many"],
            "module, nothing to do": module["many"],
            "module, dry run": module["dry"],
            **show,
        }
        self._in_namespace(list(jobs), jobs, self._count)

    def _one(self) -> None:
        one = [payload.PYTHON, f"{FOLDER}/one.py"]
        jobs = {
            "no-op": [payload.PYTHON, f"{FOLDER}/noop.py"],
            "one port, created": one,
            "one port, nothing to do": one,
        }
        self._in_namespace(list(jobs), jobs, 1)

    def _rows(self) -> None:
        samples, rows, count = self._found.samples, self._found.rows, self._count
        hand, show = samples["ip -batch and ovs-dpctl"], samples["ip -d -j link show"]
        ratio = samples["module, created"] / hand
        than = "ip -batch + ovs-dpctl add-if"
        rows.append(at_most(f"{count} kernel ports created and linked", ratio, 1.3, than))
        for run in ("nothing to do", "dry run"):
            whole, floor = samples[f"module, {run}"], samples["no-op"]
            above = ((whole - floor) / show).minimum
            note = f"{above:.2f} x above what a no-op module takes anyway"
            what = f"{count} kernel ports, {run}"
            rows.append(at_most(what, whole / show, 2, "ip -d -j link show", note))
        for text in ("created", "nothing to do"):
            ratio = samples[f"one port, {text}"] / samples["no-op"]
            rows.append(at_most(f"one kernel port, {text}", ratio, 1.6, "a no-op module"))


def run(effort: Effort) -> Findings:
    """The phase."""
    with lab(1) as found:
        return KernelBench(Guest(found, "vtep1"), effort).run()
