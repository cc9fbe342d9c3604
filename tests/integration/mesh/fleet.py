"""A mesh on a lab: run its playbooks, and look at the hosts by other means than ours."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.integration.harness import Lab
from tests.playbooks.play import Run, play

# What a host looks like; none of it asks the roles what they made.
TRACE = {
    "links": "ip -d -o link show | sed -E 's/ (qdisc|group|numtxqueues) .*alias/ alias/'",
    "addresses": "ip -o address show scope global | awk '{print $2, $4}'",
    "datapaths": "ovs-dpctl dump-dps",
    "bridges": "ovs-vsctl --timeout=20 list-br",
    "tables": "nft list tables",
    "units": "systemctl list-units --all --no-legend 'tunnelmesh*'",
    "files": "find /etc /usr/local \\( -type f -o -type l \\) -printf '%p %s %l\\n'",
}
# Prints something where anything of ours is left. The files go last.
OURS = """
find /etc /usr/local -name '*tunnelmesh*'; ip link show | grep tunnelmesh
ovs-vsctl --timeout=20 list-br | grep mesh; true
"""

# Host -> kind of thing -> what there is.
Traces = dict[str, dict[str, list[str]]]


class Fleet:
    """Hosts of a lab (all, or those that are named) and the playbooks of the collection.

    The hosts are empty, or hold what the last ``build`` left: ``empty`` and ``built`` bring them
    there and cost nothing where they are there already.
    """

    def __init__(
        self, lab: Lab, backend: str = "kernel", hosts: Sequence[str] | None = None
    ) -> None:
        self.lab = lab
        self.backend = backend
        self.hosts = list(hosts or lab.hosts)
        self._folder = tempfile.TemporaryDirectory(prefix="tunnelmesh-fleet-")
        self._state: str | None = None
        self.underlay = {h: v["vxlan_mesh_endpoint"] for h, v in self._declared().items()}
        self.overlay = {
            h: v["vxlan_mesh_addresses"]["lab"].partition("/")[0]
            for h, v in self._declared().items()
        }
        self.device = {"kernel": "dp-lab", "ovsdb": "br-mesh"}[backend]

    def _declared(self) -> dict[str, Any]:
        found: dict[str, Any] = self.lab.inventory()["vteps"]["hosts"]
        return {name: dict(found[name]) for name in self.hosts}

    def inventory(self, *, without: str | None = None, **variables: Any) -> Path:
        """The lab's inventory, less a host, with further variables of the group."""
        group = self.lab.inventory()["vteps"]
        hosts = {name: values for name, values in self._declared().items() if name != without}
        for name, values in hosts.items():
            values["vxlan_mesh_endpoint"] = self.underlay[name]
        for name, values in variables.pop("hosts", {}).items():
            hosts[name].update(values)
        path = Path(self._folder.name) / "inventory.json"
        group = {"hosts": hosts, "vars": {**group["vars"], **variables}}
        path.write_text(json.dumps({"vteps": group}))
        return path

    def play(self, name: str, *options: str, **declared: Any) -> Run:
        """A playbook of the collection, whatever comes of it. The state is unknown afterwards."""
        self._state = None
        words = ["-e", f"vxlan_mesh_backend={self.backend}"]
        if name == "mesh":  # the hosts have their packages, and no way to fetch any
            words += ["-e", "vtep_manage_packages=false"]
        inventory = self.inventory(**declared)
        return play(inventory, f"tunnelmesh.ovs.{name}", *words, *options, show=False)

    def must(self, name: str, *options: str, **declared: Any) -> Run:
        """A playbook that succeeds."""
        run = self.play(name, *options, **declared)
        assert run.status == 0, run.failures
        return run

    def built(self) -> None:
        """The plain mesh stands on all hosts."""
        if self._state != "built":
            self.must("mesh")
            self._state = "built"

    def empty(self) -> None:
        """The hosts hold nothing of ours."""
        if self._state != "empty":
            if any(self.sh(host, OURS).strip() for host in self.hosts):
                self.must("teardown")
            self._state = "empty"

    def left(self, state: str) -> None:
        """A test left the hosts as the method of that name does: ``built`` or ``empty``."""
        self._state = state

    def assert_idle(self, trips: int) -> None:
        """The mesh stands: one more run changes nothing, in so many round trips to each host."""
        self.built()
        run = self.must("mesh")
        assert not run.hosts
        for host in self.hosts:
            assert len(run.trips[host]) == trips, run.trips[host]
        self.left("built")

    # -- witnesses

    def sh(self, host: str, script: str, *, check: bool = True) -> str:
        """What a shell script printed on a host."""
        text: str = self.lab.ssh(host, script, check=check).stdout
        return text

    def link(self, host: str, name: str) -> dict[str, Any] | None:
        """``ip -d -j link show``."""
        text = self.sh(host, f"ip -d -j link show dev {name} 2>/dev/null || true").strip()
        return json.loads(text)[0] if text else None

    def flood(self, host: str, name: str = "vx100") -> set[str]:
        """``bridge fdb``: destinations of the all-zero entries."""
        entries = json.loads(self.sh(host, f"bridge -j fdb show dev {name}"))
        return {entry["dst"] for entry in entries if entry["mac"] == "00:00:00:00:00:00"}

    def remotes(self, host: str) -> set[str]:
        """Underlay addresses that the host holds tunnels to, as the tools of the host tell."""
        if self.backend == "kernel":
            return self.flood(host)
        found = self.rows(host, "interface", "options", "type=vxlan")
        return {row["options"]["remote_ip"] for row in found.values()}

    def rows(self, host: str, table: str, columns: str, *conditions: str) -> dict[str, Any]:
        """``ovs-vsctl find``: rows by name, each column -> value; sets and maps as Python's."""
        words = f"--columns=name,{columns} find {table} {' '.join(conditions)}"
        found = json.loads(self.sh(host, f"ovs-vsctl --timeout=60 --format=json {words}"))
        rows = [
            dict(zip(found["headings"], map(_plain, row), strict=True)) for row in found["data"]
        ]
        return {row.pop("name"): row for row in rows}

    def trace(self, host: str) -> dict[str, list[str]]:
        """Devices, addresses, datapaths, bridges, firewall tables, units and files of a host."""
        text = self.sh(host, "".join(f"echo '== {key}'; {cmd}\n" for key, cmd in TRACE.items()))
        found: dict[str, list[str]] = {}
        for line in text.splitlines():
            if line.startswith("== "):
                lines = found[line[3:]] = []
            else:
                lines.append(line)
        return {key: sorted(lines) for key, lines in found.items()}

    def traces(self) -> Traces:
        """The trace of every host."""
        return {host: self.trace(host) for host in self.hosts}

    def pings(self, host: str, address: str, size: int) -> bool:
        """An IP packet of ``size`` bytes with don't-fragment set comes back."""
        data = size - (48 if ":" in address else 28)
        command = f"ping -q -c 1 -W 2 -M do -s {data} {address} >/dev/null 2>&1 && echo yes"
        return "yes" in self.sh(host, f"{command} || {command} || true")

    def assert_carries(self, mtu: int) -> None:
        """Every host reaches every other with ``mtu`` bytes, and not with one more."""
        for host in self.hosts:
            for peer, address in self.overlay.items():
                if peer != host:
                    assert self.pings(host, address, mtu), f"{host} does not reach {peer}"
                    assert not self.pings(host, address, mtu + 1), f"{host} to {peer}: too large"


def _plain(atom: Any) -> Any:
    """OVSDB's notation (RFC 7047, section 5.1) without its wrapping."""
    if isinstance(atom, list) and len(atom) == 2 and atom[0] in ("set", "map"):
        return dict(atom[1]) if atom[0] == "map" else sorted(map(str, atom[1]))
    return atom
