"""Independent witnesses of the management plane: ovs-vsctl, ovsdb-client, ovs-appctl, tcpdump."""

from __future__ import annotations

import base64
import json
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.integration.harness import Target

RUN = "/run/openvswitch"
# Columns that ovs-vswitchd writes on its own account all the time.
VOLATILE = {
    "Interface": {"_version", "statistics", "status", "link_resets", "link_state", "link_speed"}
    | {"admin_state", "mac_in_use", "mtu", "ifindex", "duplex", "lacp_current"},
    "Controller": {"status", "is_connected", "role"},
    "Port": {"statistics", "rstp_statistics"},
    "Mirror": {"statistics"},
}
TABLES = ("Bridge", "Port", "Interface", "QoS", "Queue", "Mirror", "Controller")


def eventually(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Wait for a condition; its value, or an AssertionError that says what did not happen."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"within {seconds:g} s: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Packet:
    """The outer headers of one VXLAN packet."""

    src: str
    dst: str
    ttl: int
    tos: int
    dont_fragment: bool
    dst_port: int
    checksum: int
    flags: int
    policy: int
    vni: int


def parse(pcap: bytes) -> Iterator[Packet]:
    """IPv4 VXLAN packets of a pcap file, by hand (RFC 791, 768, 7348)."""
    offset = 24
    while offset + 16 <= len(pcap):
        (length,) = struct.unpack_from("<8xI4x", pcap, offset)
        frame = pcap[offset + 16 : offset + 16 + length]
        offset += 16 + length
        if frame[12:14] != b"\x08\x00" or frame[23] != 17:
            continue
        ip, udp = frame[14:34], frame[34:42]
        vxlan = frame[42:50]
        yield Packet(
            src=".".join(map(str, ip[12:16])),
            dst=".".join(map(str, ip[16:20])),
            ttl=ip[8],
            tos=ip[1],
            dont_fragment=bool(ip[6] & 0x40),
            dst_port=int.from_bytes(udp[2:4], "big"),
            checksum=int.from_bytes(udp[6:8], "big"),
            flags=vxlan[0],
            policy=int.from_bytes(vxlan[2:4], "big"),
            vni=int.from_bytes(vxlan[4:7], "big"),
        )


class Ovs:
    """The Open vSwitch of one host as its own tools show it, and the module under test."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.sh = target.sh

    def __call__(self, *, check: bool = False, **args: Any) -> dict[str, Any]:
        """Run ovs_vxlan_tunnel; whatever its result."""
        return self.target.run("ovs_vxlan_tunnel", check=check, **args)

    def apply(self, **args: Any) -> dict[str, Any]:
        """Run it for real; it succeeds."""
        result = self(**args)
        assert not result.get("failed"), result["msg"]
        return result

    def foresees(self, **args: Any) -> dict[str, Any]:
        """Run it in check mode; it succeeds."""
        result = self(check=True, **args)
        assert not result.get("failed"), result["msg"]
        return result

    def fails(self, **args: Any) -> str:
        """Run it; it fails, and the error has its three parts. The message."""
        result = self(**args)
        assert result.get("failed"), result
        assert result["remedy"], result
        return str(result["msg"])

    # -- witnesses -----------------------------------------------------------------------------

    def vsctl(self, *words: str) -> str:
        """What ovs-vsctl prints, waiting at most 20 seconds for ovs-vswitchd."""
        return self.sh("ovs-vsctl --timeout=20 " + " ".join(words))

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """All rows of a table by name (or UUID), every column as JSON has it."""
        text = self.sh(f"ovs-vsctl --no-wait --format=json list {table}")
        found = json.loads(text)
        rows = [dict(zip(found["headings"], data, strict=True)) for data in found["data"]]
        return {str(row.get("name", row["_uuid"])): row for row in rows}

    def interface(self, name: str) -> dict[str, Any]:
        """One Interface row; maps as dictionaries."""
        row = self.rows("Interface")[name]
        return {
            key: dict(value[1]) if isinstance(value, list) and value[0] == "map" else value
            for key, value in row.items()
        }

    def port(self, name: str) -> dict[str, Any]:
        """One Port row."""
        return self.rows("Port")[name]

    def bridges(self) -> list[str]:
        """Names of all bridges."""
        return self.vsctl("list-br").split()

    def ports(self, bridge: str) -> list[str]:
        """Names of the ports of a bridge."""
        return sorted(self.vsctl("list-ports", bridge).split())

    def configuration(self) -> dict[str, Any]:
        """Every row of every table, without what changes by itself: for byte-for-byte equality."""
        found: dict[str, Any] = {}
        for table in TABLES:
            for row in self.rows(table).values():
                skip = VOLATILE.get(table, set())
                kept = {key: value for key, value in row.items() if key not in skip}
                found[f"{table} {row['_uuid'][1]}"] = json.dumps(kept, sort_keys=True)
        return found

    def settings(self) -> dict[str, Any]:
        """As configuration(), by name and without identities: for rows that were made anew."""
        found: dict[str, Any] = {}
        for table, names in (
            ("Bridge", ("fail_mode", "datapath_type", "other_config", "external_ids")),
            ("Port", ("tag", "trunks", "vlan_mode", "protected", "external_ids")),
            ("Interface", ("type", "options", "bfd", "mac", "ofport_request", "external_ids")),
        ):
            for name, row in self.rows(table).items():
                found[f"{table} {name}"] = json.dumps([row[key] for key in names])
        return found

    def appctl(self, *words: str) -> str:
        """What ovs-appctl prints."""
        return self.sh("ovs-appctl --timeout=20 " + " ".join(words))

    def udp_open(self, port: int) -> bool:
        """The kernel has a UDP socket on this port, by /proc/net/udp."""
        return f":{port:04X} " in self.sh("cat /proc/net/udp")

    # -- traffic -------------------------------------------------------------------------------

    def pings(self, address: str, count: int = 2) -> bool:
        """An overlay address answers, within ten seconds."""
        script = f"ping -c {count} -i 0.2 -w 10 {address} >/dev/null && echo yes"
        return "yes" in self.sh(script, check=False)

    def capture(self, ports: str, script: str, count: int = 1) -> list[Packet]:
        """What goes out of eth1 to UDP ports (``port 4789``) while a script runs on the host."""
        text = self.sh(
            f"rm -f /tmp/c.pcap; timeout 30 tcpdump -U -i eth1 -Q out -c {count} -w /tmp/c.pcap "
            f"udp dst {ports} 2>/tmp/c.log & "
            "for i in $(seq 200); do grep -q listening /tmp/c.log && break; sleep 0.05; done; "
            f"{script} >/dev/null 2>&1; wait; base64 -w0 /tmp/c.pcap"
        )
        packets = list(parse(base64.b64decode(text)))
        assert packets, f"nothing went out to UDP {ports}"
        return packets

    # -- faults --------------------------------------------------------------------------------

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """ovs-vswitchd stopped by SIGSTOP."""
        self.sh(f"kill -STOP $(cat {RUN}/ovs-vswitchd.pid)")
        try:
            yield
        finally:
            self.sh(f"kill -CONT $(cat {RUN}/ovs-vswitchd.pid)")
            self.vsctl("show")

    @contextmanager
    def socket_on(self, port: int) -> Iterator[str]:
        """A process that holds a UDP port; its pid."""
        program = (
            "import socket,time;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
            f"s.bind(('0.0.0.0',{port}));time.sleep(600)"
        )
        pid = self.sh(f'nohup python3 -c "{program}" >/dev/null 2>&1 & echo $!').strip()
        try:
            eventually(lambda: self.udp_open(port), f"UDP port {port} is held")
            yield pid
        finally:
            self.sh(f"kill {pid}")
            eventually(lambda: not self.sh(f"ps -o pid= -p {pid}", check=False).strip(), "it ends")

    def clean(self) -> None:
        """Take the host back to no bridges, no stray devices, and a daemon that answers."""
        self.sh(
            f"mv -n {RUN}/hidden.sock {RUN}/db.sock 2>/dev/null; "
            "systemctl start openvswitch-switch; "
            "ovs-vsctl --timeout=20 $(ovs-vsctl list-br | "
            "sed 's/.*/-- --if-exists del-br &/') ; "
            "ovs-vsctl --timeout=20 -- --all destroy QoS -- --all destroy Queue; "
            "for d in $(ls /sys/class/net); do case $d in lo|eth*|ovs-*) ;; *) ip link del $d;; "
            "esac; done 2>/dev/null; true",
            check=False,
        )
