"""The plan of a large fleet on the controller, and what each host's share of it costs."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.model import Row, at_most, interleave
from tests.bench.phase import Effort, Findings, say
from tests.bench.playbook import LOCAL, Playbooks

SECONDS, MEBIBYTES = 5.0, 500.0
# As the role vxlan_mesh does it: the plan once for all, its part where it is used.
PLAN = {
    "ansible.builtin.set_fact": {
        "plan": "{{ hostvars | tunnelmesh.ovs.fleet_plan(groups['vteps'], declaration) }}"
    },
    "run_once": True,
}
VARIABLES = {
    "declaration": {"segments": [{"name": "bench", "vni": 100}], "backend": "ovsdb"},
    "part": "{{ plan | tunnelmesh.ovs.fleet_host(inventory_hostname) }}",
}
EMPTY: dict[str, Any] = {"noop": {"data": {"bridges": [], "tunnels": []}}}
SHARE = {"noop": {"data": {"bridges": "{{ part.bridges }}", "tunnels": "{{ part.tunnels }}"}}}
NOTHING = {"ansible.builtin.set_fact": {"plan": "none"}, "run_once": True}


def inventory(count: int) -> dict[str, Any]:
    """So many members with an underlay address each, all on this machine."""
    hosts = {
        f"h{number:04}": {"vxlan_mesh_endpoint": f"198.18.{number // 250}.{number % 250 + 1}"}
        for number in range(count)
    }
    return {"vteps": {"hosts": hosts, "vars": LOCAL}}


def run(effort: Effort) -> Findings:
    """The phase."""
    found = Findings()
    members, active = effort.size(1000), effort.size(100)
    say(f"the plan of {members} members, and the shares of {active} of them")
    with tempfile.TemporaryDirectory() as folder:
        books = Playbooks(Path(folder), inventory(members), dict(os.environ))
        some = f"vteps[0:{active - 1}]"
        plays: dict[str, tuple[list[Any], str]] = {
            "plan": ([PLAN], "vteps[0]"),
            "no plan": ([NOTHING], "vteps[0]"),
            "shares": ([PLAN, SHARE], some),
            "empty tasks": ([PLAN, EMPTY], some),
        }
        commands = {
            name.replace(" ", "-"): books.command(name.replace(" ", "-"), tasks, VARIABLES, hosts)
            for name, (tasks, hosts) in plays.items()
        }
        rounds = effort.rounds(2, 4)
        contestants = [(name, partial(books.run, one)) for name, one in commands.items()]
        interleave(found.samples, rounds, contestants)
    _rows(found, members)
    return found


def _rows(found: Findings, members: int) -> None:
    samples, rows = found.samples, found.rows
    alone, whole = samples["plan"] - samples["no-plan"], samples["plan"]
    memory = samples.memory("plan")
    met = alone.minimum <= SECONDS and memory <= MEBIBYTES
    goal = f"at most {SECONDS:g} s and {MEBIBYTES:g} MB"
    result = f"{alone.minimum:.2f} s, {memory:.0f} MB"
    note = f"the whole ansible-playbook of that one task: {whole.minimum:.1f} s"
    rows.append(Row(f"plan of {members} members, full mesh", goal, result, met, note))
    ratio = samples["shares"] / samples["empty-tasks"]
    what = f"a host's share of {members} members, the same play with empty tasks"
    rows.append(at_most(what, ratio, 1.2, "the floor"))
