"""A run that does everything at once, over and over from the same start, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.kernel.host import DATAPATH, PORT, Host
from tests.integration.kernel.witness import Snapshot

# All requests are refused and killed once; of the costlier cases every so many are taken, with
# TUNNELMESH_TEST_EVERY=1 all.
EVERY = int(os.environ.get("TUNNELMESH_TEST_EVERY", "6"))
PEER, OTHER = "198.18.0.12", "198.18.0.13"
FOREIGN = f"""
set -e
ip link add hand up type vxlan id 99 dstport 7000
bridge fdb append 00:00:00:00:00:00 dev hand dst {PEER}
ovs-dpctl add-dp hand0 && ovs-dpctl add-if hand0 hand
ovs-dpctl add-flow hand0 'in_port(1),eth()' 0
"""
FOREIGN_NAMES = ("hand", "hand0", "eth0", "eth1", "lo")


@dataclass(frozen=True)
class Upheaval:
    """Two declarations for one module; purge makes the first complete, so that it undoes all.

    links: the ports that belong to the start, where the module itself cannot make them.
    """

    module: str
    first: Mapping[str, Any]
    second: Mapping[str, Any]
    links: tuple[Mapping[str, Any], ...] = ()


def port(number: int, name: str, **options: Any) -> dict[str, Any]:
    """A port with an address of its own: random ones would differ from run to run."""
    return {"name": name, "mac_address": f"02:00:00:00:00:0{number}", **options}


PORTS = Upheaval(
    PORT,
    {
        "datapath": "lab0",
        "purge": True,
        "ports": [
            port(1, "changed", vni=2, remotes=[PEER], port_no=12),
            port(2, "recreated", vni=3, remotes=[PEER], port_no=13),
            port(3, "removed", vni=4, remotes=[OTHER], port_no=14, ttl="9"),
        ],
    },
    {
        "datapath": "lab0",
        "ports": [
            port(1, "changed", vni=2, remotes=[OTHER], ttl="9", mtu="1300"),
            port(2, "recreated", vni=33, remotes=[PEER, OTHER], port_no=13),
            {"name": "removed", "state": "absent"},
            port(4, "new", vni=5, remotes=[PEER]),
            port(5, "own", dst_port=6001, vport_type="vxlan"),
        ],
    },
)
DATAPATHS = Upheaval(
    DATAPATH,
    {
        "purge": True,
        "datapaths": [
            {"name": "lab0", "mtu": 1400, "address": ["198.19.1.1/24"], "connect": [[1, 2]]},
            {"name": "lab1", "mtu": 1300, "address": ["198.19.2.1/24"], "connect": []},
        ],
    },
    {
        "datapaths": [
            {"name": "lab0", "mtu": 1450, "address": ["198.19.1.2/24"], "connect": [[0, 1]]},
            {"name": "lab1", "state": "absent"},
            {"name": "lab2", "address": ["198.19.3.1/24"], "mtu": 1300, "connect": []},
        ],
    },
    (
        port(1, "x", vni=5, datapath="lab0"),
        port(2, "y", vni=6, datapath="lab0"),
        port(3, "z", vni=7, datapath="lab1", remotes=[PEER]),
    ),
)


class Scene:
    """A host on which an upheaval is played; a test leaves it at the start."""

    def __init__(self, host: Host, upheaval: Upheaval) -> None:
        self.host, self.upheaval = host, upheaval
        host.clean()
        host.sh(FOREIGN)
        if upheaval is DATAPATHS:
            host.datapath("lab0", "lab1")
            host.must(PORT, ports=list(upheaval.links))
        else:
            host.datapath("lab0")
        self.first()
        self.start = self.seen()
        self.points = int(self.spoiled(kill=1 << 30)["netlink"]["requests"])
        self.final = self.seen()
        self.first()
        assert self.seen() == self.start

    def seen(self) -> Snapshot:
        """What the witness sees, without the identity of what may be made again."""
        flows = "lab0 hand0" if self.upheaval is DATAPATHS else False
        seen = self.host.look(flows=flows).without_identity()
        for name in seen.ports:
            del seen.links[name]["address"]
        return seen

    def first(self) -> None:
        """Back to the start."""
        self.host.must(self.upheaval.module, **self.upheaval.first)
        if self.upheaval.links:
            self.host.must(PORT, ports=list(self.upheaval.links))

    def spoiled(self, **spoil: Any) -> dict[str, Any]:
        """The run, to which something happens."""
        return self.host.target.run.spoiled(self.upheaval.module, spoil, **self.upheaval.second)

    def foreign_kept(self, seen: Snapshot) -> bool:
        """Other people's things are what they were."""
        return seen.only(*FOREIGN_NAMES) == self.start.only(*FOREIGN_NAMES)

    def changed_names(self, seen: Snapshot) -> set[str]:
        """The ports and datapaths that are not as they were at the start."""
        names = set(seen.links) | set(self.start.links)
        return {name for name in names if seen.only(name) != self.start.only(name)}
