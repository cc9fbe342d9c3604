"""Upheavals: runs of a module that do everything it can do, from one and the same start."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.integration.ovsdb.witness import SETTINGS, Ovs

PEER, OTHER = "198.18.0.12", "198.18.0.13"


class Stage(ABC):
    """A host on which the second declaration is run over and over, from the first."""

    module: ClassVar[str]
    first: ClassVar[Mapping[str, Any]]
    second: ClassVar[Mapping[str, Any]]
    foreign: ClassVar[str] = ""
    farewell: ClassVar[str] = ""
    # What the snapshot has of others: words that its keys end with.
    theirs: ClassVar[tuple[str, ...]] = ()
    root = "\0"

    def __init__(self, ovs: Ovs) -> None:
        self.ovs = ovs
        self.sh = ovs.sh
        self.sh(self.foreign)
        self.reset()
        self.start = self.seen()
        result = self.spoiled({"point": 0, "root": self.root})
        assert not result.get("failed"), result["msg"]
        self.points: list[str] = result["netlink"]["points"]
        self.final = self.seen()
        self.reset()
        assert not self.differs(self.seen(), self.start)

    @abstractmethod
    def seen(self) -> dict[str, Any]:
        """What independent witnesses see."""

    def run(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The module, undisturbed."""
        return self.ovs.target.run(self.module, **wanted)

    def reset(self) -> None:
        """Back to the start."""
        result = self.run(self.first)
        assert not result.get("failed"), result["msg"]

    def spoiled(self, sabotage: dict[str, Any]) -> dict[str, Any]:
        """The run, to which something happens."""
        spoil = {"sabotage": {"root": self.root, **sabotage}}
        return self.ovs.target.run.spoiled(self.module, spoil, **self.second)

    def foreign_kept(self, seen: dict[str, Any]) -> bool:
        """Other people's things are what they were."""
        return all(seen.get(k) == v for k, v in self.start.items() if k.endswith(self.theirs))

    def changed(self, seen: dict[str, Any]) -> set[str]:
        """Last words of what is not as it was at the start."""
        return {key.split()[-1] for key in self.differs(seen, self.start)}

    @staticmethod
    def differs(seen: dict[str, Any], other: dict[str, Any]) -> set[str]:
        """What is not the same in two snapshots."""
        return {key for key in {*seen, *other} if seen.get(key) != other.get(key)}

    def close(self) -> None:
        """Nothing of it stays."""
        self.sh(self.farewell)


def devices(ovs: Ovs) -> dict[str, Any]:
    """MTU, state and addresses of every device but the lab's own, by iproute2."""
    found = {}
    for link in json.loads(ovs.sh("ip -d -j address show")):
        name = link["ifname"]
        # Of its own devices ovs-vswitchd takes leave whenever it likes.
        if name == "lo" or name.startswith(("eth", "ovs-", "vxlan_sys")):
            continue
        addresses = sorted(
            f"{entry['local']}/{entry['prefixlen']}"
            for entry in link["addr_info"]
            if entry["scope"] != "link"
        )
        found[f"device {name}"] = [link["mtu"], "UP" in link["flags"], addresses]
    return found


def rows(ovs: Ovs) -> dict[str, Any]:
    """What is set in every row, and which port is on which bridge, by ovsdb-client."""
    found: dict[str, Any] = {}
    tables = ovs.tables(*SETTINGS)
    names = {row["_uuid"][1]: name for name, row in tables["Port"].items()}
    for table, entries in tables.items():
        for name, row in entries.items():
            found.update({f"{table} {key} {name}": row[key] for key in SETTINGS[table]})
    for bridge, row in tables["Bridge"].items():
        ports = row["ports"][1] if row["ports"][0] == "set" else [row["ports"]]
        found.update({f"bridge of {names[uuid]}": bridge for _word, uuid in ports})
    return found


class Tunnels(Stage):
    """ovs_vxlan_tunnel: tunnels and bridges come, change, move and go."""

    module = "ovs_vxlan_tunnel"
    foreign = (
        "ovs-vsctl --timeout=20 add-br fgn -- set interface fgn mtu_request=1400 -- "
        "add-port fgn hand -- set interface hand type=vxlan "
        f"options:remote_ip={OTHER} options:key=99 external_ids:who=else"
    )
    theirs = (" fgn", " hand")
    first: ClassVar[Mapping[str, Any]] = {
        "purge": True,
        "wait_timeout": 60,
        "bridges": [
            {"name": "br0", "mtu": 1400, "address": ["198.19.1.1/24"]},
            {"name": "br1", "mtu": 1400, "external_ids": {}},
        ],
        "tunnels": [
            {"name": "changed", "bridge": "br0", "remote_ip": PEER, "key": "1"},
            {"name": "moved", "bridge": "br0", "remote_ip": PEER, "key": "2"},
            {"name": "removed", "bridge": "br1", "remote_ip": PEER, "key": "3", "tag": 7},
        ],
    }
    second: ClassVar[Mapping[str, Any]] = {
        "wait_timeout": 60,
        "bridges": [
            {"name": "br0", "mtu": 1420, "address": ["198.19.1.2/24"]},
            {"name": "br1", "mtu": 1400, "external_ids": {"x": "y"}},
            {"name": "br2", "mtu": 1400, "address": ["198.19.2.1/24"]},
        ],
        "tunnels": [
            {"name": "changed", "bridge": "br0", "remote_ip": OTHER, "key": "1", "ttl": "9"},
            {"name": "moved", "bridge": "br1", "remote_ip": PEER, "key": "2"},
            {"name": "removed", "state": "absent"},
            {"name": "new", "bridge": "br2", "remote_ip": PEER, "key": "4", "dst_port": 4790},
        ],
    }

    def seen(self) -> dict[str, Any]:
        """Rows by ovsdb-client, devices by iproute2."""
        return {**rows(self.ovs), **devices(self.ovs)}


class AccessPorts(Stage):
    """ovs_access_port: ports come, change, move and go."""

    module = "ovs_access_port"
    foreign = (
        "ovs-vsctl --timeout=20 add-br fgn -- add-br fgn2 -- "
        "set interface fgn mtu_request=1400 -- set interface fgn2 mtu_request=1400 -- "
        "add-port fgn hand tag=9 -- set interface hand type=internal mtu_request=1400"
    )
    theirs = (" fgn", " fgn2", " hand")
    first: ClassVar[Mapping[str, Any]] = {
        "purge": True,
        "bridge": "fgn",
        "mtu": 1400,
        "ports": [
            {"name": "changed", "tag": 11, "address": ["192.0.2.1/24", "2001:db8::1/64"]},
            {"name": "moved", "tag": 12, "address": ["192.0.3.1/24"]},
            {"name": "removed", "tag": 13, "address": ["192.0.4.1/24"]},
        ],
    }
    second: ClassVar[Mapping[str, Any]] = {
        "bridge": "fgn",
        "mtu": 1400,
        "ports": [
            {"name": "changed", "tag": 21, "mtu": 1300, "address": ["192.0.2.2/24"]},
            {"name": "moved", "tag": 12, "bridge": "fgn2", "address": ["192.0.3.1/24"]},
            {"name": "removed", "state": "absent"},
            {"name": "new", "tag": 14, "address": ["192.0.5.1/24"]},
        ],
    }

    def seen(self) -> dict[str, Any]:
        """Rows by ovsdb-client, devices by iproute2."""
        return {**rows(self.ovs), **devices(self.ovs)}


FOLDER = "/tmp/tunnelmesh-faults"


class Files(Stage):
    """host_files: files and links come, change and go."""

    module = "host_files"
    root = FOLDER
    foreign = (
        f"rm -rf {FOLDER}; mkdir {FOLDER}; printf hand >{FOLDER}/hand; chmod 751 {FOLDER}/hand"
    )
    farewell = f"rm -rf {FOLDER}"
    theirs = (" hand",)
    first: ClassVar[Mapping[str, Any]] = {
        "files": [
            {"path": f"{FOLDER}/changed", "content": "one\n", "mode": "0640"},
            {"path": f"{FOLDER}/link", "target": "changed"},
            {"path": f"{FOLDER}/removed", "content": "three\n"},
            {"path": f"{FOLDER}/new", "state": "absent"},
            {"path": f"{FOLDER}/newlink", "state": "absent"},
        ]
    }
    second: ClassVar[Mapping[str, Any]] = {
        "files": [
            {"path": f"{FOLDER}/changed", "content": "two\n", "mode": "0600"},
            {"path": f"{FOLDER}/link", "target": "new"},
            {"path": f"{FOLDER}/removed", "state": "absent"},
            {"path": f"{FOLDER}/new", "content": "new\n"},
            {"path": f"{FOLDER}/newlink", "target": "changed"},
        ]
    }

    def seen(self) -> dict[str, Any]:
        """Everything in the folder, hidden files as well, with mode and content."""
        script = (
            f"cd {FOLDER} && for f in $(ls -A); do "
            'printf "%s %s " $(stat -c "%A %U" $f); readlink $f || tr "\\n" " " <$f; '
            'echo " $f"; done'
        )
        lines = self.sh(script).replace("\n ", " ").splitlines()
        return {f"file {line.split()[-1]}": line for line in lines}


STAGES = (Tunnels, AccessPorts, Files)
