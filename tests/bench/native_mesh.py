"""A converged mesh of many members on this machine: the role against as many ping tasks.

Every member has a switch of its own, with a userspace datapath in a network namespace of its own.
ovs-vswitchd is stopped before the clock starts: fifty idle daemons on one machine would be
measured otherwise. The role runs without its last task, the ping over the overlay.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from functools import partial
from typing import Any

from tests.bench.model import Row, interleave
from tests.bench.phase import Effort, Findings, say
from tests.bench.playbook import LOCAL, Playbooks, changed
from tests.bench.switch import Switch

ROLE = "tunnelmesh.ovs.vxlan_mesh"
OWNER, BRIDGE = "vxlan_mesh", "br-mesh"
SETTINGS = {
    "vxlan_mesh_segments": [{"name": "bench", "vni": 100}],
    "vxlan_mesh_backend": "ovsdb",
    "vxlan_mesh_verify": False,
    "vxlan_mesh_persist": False,
}
_TASK = re.compile(r"^TASK \[(.*?)\] \**$", re.MULTILINE)


def tasks_of(output: str, host: str) -> list[str]:
    """Names of the tasks that a host really carried out, from what ansible-playbook printed."""
    pieces = _TASK.split(output)
    done = re.compile(rf"^(ok|changed): \[{re.escape(host)}\]", re.MULTILINE)
    return [
        name for name, text in zip(pieces[1::2], pieces[2::2], strict=True) if done.search(text)
    ]


class MeshBench:
    """Members of one mesh; ``run`` builds it, then measures the run that finds nothing to do."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._switches = [Switch(enter=["unshare", "--net"]) for _ in range(count)]
        hosts = {
            f"h{number:03}": {
                "vxlan_mesh_endpoint": f"198.18.{number // 250}.{number % 250 + 1}",
                "bench_database": switch.database,
            }
            for number, switch in enumerate(self._switches)
        }
        first = self._switches[0]
        group = {"hosts": hosts, "vars": {**LOCAL, **SETTINGS}}
        self._books = Playbooks(first.folder / "books", {"vteps": group}, first.environment)
        self._last = max(hosts)
        self._endpoints = [str(host["vxlan_mesh_endpoint"]) for host in hosts.values()]

    def run(self, found: Findings, rounds: int) -> None:
        """Build, converge, measure."""
        say(f"a converged mesh of {self._count} members, {rounds} rounds")
        try:
            mesh, names = self._build()
            pings: list[Any] = [{"ansible.builtin.ping": {}} for _name in names]
            floor = self._books.command("pings", pings, {})
            interleave(
                found.samples,
                rounds,
                [
                    (f"mesh of {self._count}", partial(self._books.run, mesh)),
                    (f"pings of {self._count}", partial(self._books.run, floor)),
                ],
            )
        finally:
            for switch in self._switches:
                switch.close()
        self._row(found, names)

    def _build(self) -> tuple[list[str], Sequence[str]]:
        lines = "link set lo mtu 1500\n" + "".join(
            f"address add {one}/32 dev lo\n" for one in self._endpoints
        )
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
        for switch in self._switches:
            switch.fresh([BRIDGE])
            # The role finds its bridge, already in userspace.
            mark = f"external_ids:tunnelmesh-owner={OWNER}"
            switch.call("ovs-vsctl", "set", "bridge", BRIDGE, mark)
        module = {"database": "{{ bench_database }}", "wait_timeout": 600}
        defaults = {
            "tunnelmesh.ovs.ovs_vxlan_tunnel": module,
            "tunnelmesh.ovs.ovs_access_port": {"database": module["database"]},
        }
        play: dict[str, Any] = {"module_defaults": defaults}
        mesh = self._books.command("mesh", [], {}, roles=[ROLE], **play)
        if changed(self._books.output(mesh)) != self._count:
            raise RuntimeError("the first run did not change every member")
        made = {switch.tunnels() for switch in self._switches}
        if made != {self._count - 1}:
            raise RuntimeError(f"members have {made} tunnels, not {self._count - 1}")
        for switch in self._switches:
            switch.stop("ovs-vswitchd")
        again = self._books.output(mesh)
        if changed(again):
            raise RuntimeError("the second run changed something")
        return mesh, tasks_of(again, self._last)

    def _row(self, found: Findings, names: Sequence[str]) -> None:
        samples = found.samples
        ratio = samples[f"mesh of {self._count}"] / samples[f"pings of {self._count}"]
        result = f"{ratio.minimum:.2f} x (median {ratio.median:.2f} x, CPU {ratio.cpu:.2f} x)"
        listed = ", ".join(name.partition(" : ")[2] or name for name in names)
        note = f"{len(names)} tasks per host: {listed}"
        what = f"converged role {ROLE.rpartition('.')[2]}, {self._count} members"
        goal = f"{len(names)} ping tasks are 1 x"
        found.rows.append(Row(what, goal, result, None, note))


def run(effort: Effort) -> Findings:
    """The phase."""
    found = Findings()
    for count in (50, 200) if effort.full else (50,):
        MeshBench(max(3, effort.size(count))).run(found, effort.rounds(1, 2))
    return found
