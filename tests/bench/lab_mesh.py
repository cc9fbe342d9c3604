"""The whole playbook ``tunnelmesh.ovs.mesh`` in the lab: its tasks, and exactly-once delivery."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

from tests.bench.guests import FOLDER, Guest, lab
from tests.bench.model import Row, interleave
from tests.bench.native_mesh import tasks_of
from tests.bench.phase import Effort, Findings, say
from tests.bench.playbook import Playbooks, changed
from tests.integration.harness import Lab

BACKENDS = ("kernel", "ovsdb")


class MeshInLab:
    """Meshes of several sizes at once: each is a segment with members of its own."""

    def __init__(self, folder: Path, found_lab: Lab, sizes: list[int], effort: Effort) -> None:
        self._effort = effort
        self._sizes = sizes
        self._found = Findings()
        self._guests = [Guest(found_lab, name) for name in found_lab.hosts[: max(sizes)]]
        group = found_lab.inventory()["vteps"]
        members = [guest.name for guest in self._guests]
        hosts = {name: dict(group["hosts"][name]) for name in members}
        for number, host in enumerate(hosts.values(), start=11):
            host["vxlan_mesh_addresses"] = {
                f"mesh{size}": f"198.19.{100 + size}.{number}/24" for size in sizes
            }
        segments = [
            {"name": f"mesh{size}", "vni": 100 + size, "bridge": f"br-mesh{size}"}
            | {"members": members[:size]}
            for size in sizes
        ]
        settings = {"vxlan_mesh_segments": segments, "vtep_manage_packages": False}
        inventory = {"vteps": {"hosts": hosts, "vars": {**group["vars"], **settings}}}
        self._books = Playbooks(folder, inventory, dict(os.environ))

    def run(self) -> Findings:
        """Measure and compare."""
        for backend in BACKENDS:
            self._backend(backend)
        return self._found

    def _backend(self, backend: str) -> None:
        say(f"meshes of {self._sizes} hosts in the lab, backend {backend}")
        mesh = self._books.play("tunnelmesh.ovs.mesh", vxlan_mesh_backend=backend)
        try:
            self._books.output(mesh)
            again = self._books.output(mesh)
            if changed(again):
                raise RuntimeError("the second run changed something")
            names = tasks_of(again, self._guests[-1].name)
            floor = self._books.command("pings", [{"ansible.builtin.ping": {}}] * len(names), {})
            interleave(
                self._found.samples,
                self._effort.rounds(2, 4),
                [
                    (f"mesh, {backend}", partial(self._books.run, mesh)),
                    (f"pings, {backend}", partial(self._books.run, floor)),
                ],
            )
            self._row(backend, names)
            for size in self._sizes:
                self._broadcast(backend, size)
        finally:
            self._books.output(self._books.play("tunnelmesh.ovs.teardown"))

    def _row(self, backend: str, names: list[str]) -> None:
        samples = self._found.samples
        ratio = samples[f"mesh, {backend}"] / samples[f"pings, {backend}"]
        result = f"{ratio.minimum:.2f} x (median {ratio.median:.2f} x, CPU {ratio.cpu:.2f} x)"
        listed = ", ".join(name.partition(" : ")[2] or name for name in names)
        what = f"converged playbook mesh, {len(self._guests)} hosts in the lab, backend {backend}"
        goal = f"{len(names)} ping tasks are 1 x"
        self._found.rows.append(Row(what, goal, result, None, f"per host: {listed}"))

    def _broadcast(self, backend: str, size: int) -> None:
        """One frame from the first member; every other gets it once, and nothing for 5 s more."""
        device = f"dp-mesh{size}" if backend == "kernel" else f"br-mesh{size}"
        members = self._guests[:size]
        listeners = [guest.start("listen", device) for guest in members[1:]]
        members[0].sh(f"python3 {FOLDER}/wire.py broadcast {device}")
        counts = [listener.finish()[0] for listener in listeners]
        result = f"{sum(counts)}, per host {counts}"
        what = f"deliveries of one broadcast, mesh of {size}, backend {backend}, within 5 s"
        goal = f"exactly {size - 1}, one for each other host"
        met = counts == [1] * (size - 1)
        self._found.rows.append(Row(what, goal, result, met))


def run(effort: Effort) -> Findings:
    """The phase."""
    sizes = [3, 5, 8] if effort.full else [3]
    with lab(max(sizes)) as found, tempfile.TemporaryDirectory() as folder:
        return MeshInLab(Path(folder), found, sizes, effort).run()
