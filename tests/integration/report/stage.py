"""A mesh on the lab that is broken by hand and looked at by the playbooks verify and report."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.harness import Lab

DEADLINE = 600.0  # seconds that a playbook may take on a busy machine
DEVICE = "vxlan_sys_4789"
# The third host hears nothing of the second one any more; the underlay still answers pings.
CUT = (
    "tc qdisc add dev eth1 ingress; tc filter add dev eth1 parent ffff: protocol ip u32 "
    "match ip src 198.18.0.12 match ip protocol 17 0xff match ip dport 4789 0xffff action drop"
)
# Of what comes over the underlay from one host, packets that are too large, or every third one;
# every second one would let only the small ones through, where small and large ones take turns.
FILTER = (
    "tc qdisc add dev eth1 ingress; tc filter add dev eth1 parent ffff: protocol ip u32 "
    "match ip src {source} match ip protocol 17 0xff match ip dport 4789 0xffff {action}"
)
TOO_LARGE = "police rate 1gbit burst 100k mtu 1300 drop"
EVERY_THIRD = "action pass random determ drop 3"


@dataclass(frozen=True)
class Shown:
    """What a playbook printed, and its exit status."""

    status: int
    text: str

    def part(self, title: str) -> list[list[str]]:
        """The words of the lines below a title of the table."""
        lines = iter(self.text.splitlines())
        for line in lines:
            if line == title:
                found = []
                for row in lines:
                    if not row.startswith("  "):
                        break
                    found.append(row.split())
                return found
        return []


class Stage:
    """Three hosts of a lab and a folder for what is written."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder

    def play(self, name: str, *words: str, strangers: dict[str, str] | None = None) -> Shown:
        """A playbook of the collection.

        :param strangers: host -> address where nobody answers.
        """
        group = self.lab.inventory()["vteps"]
        for host, address in (strangers or {}).items():
            group["hosts"][host]["ansible_host"] = address
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"vteps": group}))
        options = ["-e", "vxlan_mesh_backend=ovsdb vxlan_mesh_verify_silence=3"]
        done = subprocess.run(
            ["ansible-playbook", "-i", inventory, f"tunnelmesh.ovs.{name}", *options, *words],
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        print(done.stdout, done.stderr)
        return Shown(done.returncode, done.stdout)

    def must(self, name: str, *words: str) -> Shown:
        """A playbook that succeeds."""
        shown = self.play(name, *words)
        assert shown.status == 0, shown.text
        return shown

    def build(self) -> None:
        """The mesh, and nothing broken."""
        self.mend()
        self.must("mesh", "-e", "vtep_manage_packages=false vxlan_mesh_verify=false")

    def sh(self, host: str, script: str, *, check: bool = True) -> str:
        """What a shell script printed on a host."""
        text: str = self.lab.ssh(host, script, check=check).stdout
        return text

    def mend(self) -> None:
        """Undo what the tests break."""
        for host in self.lab.hosts:
            self.sh(host, f"tc qdisc del dev eth1 ingress; ip link set {DEVICE} up", check=False)

    def json(self, name: str) -> Any:
        """A file that a playbook wrote."""
        return json.loads((self.folder / name).read_text())
