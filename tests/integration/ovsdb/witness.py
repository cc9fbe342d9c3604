"""Independent witnesses of the management plane: ovs-vsctl, ovsdb-client, ovs-appctl, tcpdump."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.harness import Target
from tests.integration.ovsdb.packets import Packet, parse

RUN = "/run/openvswitch"
# Columns that ovs-vswitchd writes on its own account all the time, with the row's version.
VOLATILE = {
    "Open_vSwitch": {"_version", "statistics", "next_cfg", "cur_cfg"},
    "Interface": {"_version", "statistics", "status", "link_resets", "link_state", "link_speed"}
    | {"admin_state", "mac_in_use", "mtu", "ifindex", "duplex", "lacp_current", "bfd_status"},
    "Controller": {"_version", "status", "is_connected", "role"},
    "Manager": {"_version", "status", "is_connected"},
    "Port": {"statistics", "rstp_statistics"},
    "Mirror": {"_version", "statistics"},
}
TABLES = (
    *("Open_vSwitch", "Bridge", "Port", "Interface", "QoS", "Queue", "Mirror", "Controller"),
    *("Manager", "SSL", "NetFlow", "sFlow", "IPFIX", "Flow_Table", "Flow_Sample_Collector_Set"),
    *("AutoAttach", "Datapath", "CT_Zone", "CT_Timeout_Policy"),
)


# One shell with as few processes as it can do with: they are dear on a guest.
CLEAN = f"""
cd {RUN}
[ ! -e hidden.sock ] || mv -n hidden.sock db.sock
for d in ovs-vswitchd ovsdb-server; do
    read pid <$d.pid && kill -CONT $pid || systemctl start openvswitch-switch
done 2>/dev/null
set --
for b in $(ovs-vsctl --timeout=20 list-br); do set -- "$@" -- --if-exists del-br $b; done
ovs-vsctl --timeout=20 "$@" -- del-manager -- del-ssl -- list-br 2>&1
ovs-vsctl --no-wait -- --all destroy QoS -- --all destroy Queue 2>&1
for d in /sys/class/net/*; do
    case ${{d##*/}} in lo|eth*|ovs-*|bonding_masters) ;; *) ip link del ${{d##*/}};; esac
done 2>/dev/null
"""
GONE = "while [ -e /proc/{pid} ]; do sleep 0.05; done"


def eventually(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Wait for a condition; its value, or an AssertionError that says what did not happen."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"within {seconds:g} s: {what}"
        time.sleep(0.05)


# What somebody declared, by table.
SETTINGS = {
    "Bridge": ("fail_mode", "datapath_type", "other_config", "external_ids"),
    "Port": ("tag", "trunks", "vlan_mode", "protected", "external_ids"),
    "Interface": ("type", "options", "bfd", "mac", "ofport_request", "external_ids"),
}


def settings_in(configuration: dict[str, str]) -> dict[str, Any]:
    """A configuration by name and without identities: for rows that were made anew."""
    found: dict[str, Any] = {}
    for key, text in configuration.items():
        table, row = key.partition(" ")[0], json.loads(text)
        for column in SETTINGS.get(table, ()):
            found[f"{table} {row['name']} {column}"] = row[column]
    return found


class Ovs:
    """The Open vSwitch of one host as its own tools show it, and the module under test."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.sh = target.sh
        self.stage: Any = None

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

    def tables(self, *names: str) -> dict[str, dict[str, dict[str, Any]]]:
        """All rows of tables by name (or UUID), every column as JSON has it; one moment."""
        selects = [{"op": "select", "table": name, "where": []} for name in names]
        request = json.dumps(["Open_vSwitch", *selects])
        answer = json.loads(
            self.sh(f"ovsdb-client --timeout=60 transact unix:{RUN}/db.sock '{request}'")
        )
        return {
            name: {str(row.get("name", row["_uuid"][1])): row for row in found["rows"]}
            for name, found in zip(names, answer, strict=True)
        }

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """All rows of one table."""
        return self.tables(table)[table]

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
        """Every row of every table, without what changes by itself: for byte-for-byte equality.

        With each row's ``_version``, a number that any write changes, where ovs-vswitchd itself
        does not write.
        """
        found: dict[str, Any] = {}
        for table, rows in self.tables(*TABLES).items():
            for row in rows.values():
                skip = VOLATILE.get(table, set())
                kept = {key: value for key, value in row.items() if key not in skip}
                found[f"{table} {row['_uuid'][1]}"] = json.dumps(kept, sort_keys=True)
        return found

    def settings(self) -> dict[str, Any]:
        """See settings_in(), of now."""
        return settings_in(self.configuration())

    def signature(self) -> tuple[dict[str, Any], str]:
        """What tells whether a host is still as it was: settings, devices and addresses."""
        return self.settings(), self.sh("ip -br address")

    def next_cfg(self) -> int:
        """The number that every change through ovs-vsctl or the module counts up."""
        (root,) = self.rows("Open_vSwitch").values()
        return int(root["next_cfg"])

    def appctl(self, *words: str) -> str:
        """What ovs-appctl prints."""
        return self.sh("ovs-appctl --timeout=20 " + " ".join(words))

    def udp_open(self, port: int) -> bool:
        """The kernel has a UDP socket on this port, by /proc/net/udp."""
        return f":{port:04X} " in self.sh("cat /proc/net/udp")

    # -- traffic -------------------------------------------------------------------------------

    def pings(self, address: str, count: int = 2, seconds: int = 10) -> bool:
        """An overlay address answers so many times, in time."""
        script = f"ping -c {count} -i 0.2 -w {seconds} {address} >/dev/null && echo yes"
        return "yes" in self.sh(script, check=False)

    @contextmanager
    def stream(self, address: str) -> Iterator[None]:
        """Twenty pings a second meanwhile, of which none is lost."""
        log = "/tmp/stream.log"
        pid = self.sh(f"nohup ping -i 0.05 {address} >{log} 2>&1 & echo $!").strip()
        # A signal that comes before ping has taken charge of its signals would be lost.
        eventually(lambda: "icmp_seq=" in self.sh(f"cat {log}"), f"{address} answers")
        try:
            yield
        finally:
            text = self.sh(f"kill -INT {pid}; {GONE.format(pid=pid)}; cat {log}")
        numbers = [int(word[9:]) for word in text.split() if word.startswith("icmp_seq=")]
        sent = int(text.partition(" packets transmitted")[0].split()[-1])
        assert numbers == list(range(1, len(numbers) + 1)), "lost or late packets"
        # The last ones may have been on their way when it ended.
        assert sent - len(numbers) <= 3, f"{sent} sent, {len(numbers)} answered"

    def capture(self, ports: str, script: str, count: int = 1) -> list[Packet]:
        """What goes out of eth1 to UDP ports (``port 4789``) while a script runs on the host."""
        text = self.sh(
            f"rm -f /tmp/c.pcap; timeout 30 tcpdump -U -i eth1 -Q out -c {count} -w /tmp/c.pcap "
            f"'udp dst {ports}' 2>/tmp/c.log & "
            "for i in $(seq 200); do grep -q listening /tmp/c.log && break; sleep 0.05; done; "
            f"({script}) >/dev/null 2>&1; wait; base64 -w0 /tmp/c.pcap"
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
        pid = self.sh(f'nohup python3 -ISc "{program}" >/dev/null 2>&1 & echo $!').strip()
        try:
            eventually(lambda: self.udp_open(port), f"UDP port {port} is held")
            yield pid
        finally:
            self.sh(f"kill {pid}; {GONE.format(pid=pid)}")

    def clean(self) -> None:
        """Take the host back to no bridges, no stray devices, and a daemon that answers."""
        left = self.sh(CLEAN, check=False).strip()
        assert not left, f"left on {self.target.host}: {left}"
