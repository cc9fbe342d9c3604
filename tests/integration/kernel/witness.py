"""What the kernel's own tools say: ip, bridge, ovs-dpctl and /proc, and nothing of ours."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.integration.harness import Target

MARK = "tunnelmesh.ovs owner="
# Devices of the guest itself, and what kernel modules bring along.
OWN = (
    "lo",
    "eth0",
    "eth1",
    "sit0",
    "tunl0",
    "ip6tnl0",
    "erspan0",
    "gre0",
    "gretap0",
    "bonding_masters",
)

_LOOK = """
links=$(ip -d -j addr); echo "$links"; echo ---
bridge fdb show; echo ---
cat /proc/net/udp /proc/net/udp6; echo ---
case "$links" in *openvswitch*) ovs-dpctl show; FLOWS;; esac
"""
_FLOWS = "for d in {}; do echo system@${{d#system@}}:; ovs-dpctl dump-flows $d; done"

_CLEAN = """
set -e
if [ -e /sys/class/net/ovs-system ]; then
  for b in $(ovs-vsctl --timeout=20 list-br); do ovs-vsctl --timeout=20 del-br $b; done
fi
for n in $(ls /run/netns 2>/dev/null); do ip netns del $n; done
others() { for l in $(ls /sys/class/net); do
  case " OWN " in *" $l "*) ;; *) echo $l;; esac; done }
others | sed 's/^/link del dev /' | ip -force -batch - 2>/dev/null || true
for l in $(others); do
  ovs-dpctl del-dp $l 2>/dev/null || ip link del dev $l 2>/dev/null || true
done
others
"""

# Facts of `ip -d -j addr` that the kernel changes on its own account.
_VOLATILE = ("operstate", "qdisc", "txqlen", "linkmode", "addr_info", "flags", "link_index")


@dataclass(frozen=True)
class Snapshot:
    """The state of one host's network. Two of the same state are equal.

    links: by name, as `ip -d -j` shows them. flood: destinations of the all-zero FDB entries by
    device. ports: numbers by name by datapath. flows: as `ovs-dpctl dump-flows` prints them,
    without counters, by datapath. udp: (family, port) of the bound sockets.
    """

    links: dict[str, dict[str, Any]]
    flood: dict[str, set[str]]
    ports: dict[str, dict[str, int]]
    legacy: frozenset[str]
    flows: dict[str, list[str]]
    udp: frozenset[tuple[int, int]]

    def without_identity(self) -> Snapshot:
        """The same without interface indexes, which a device that was made again has anew."""
        links = {
            name: {key: value for key, value in link.items() if key != "ifindex"}
            for name, link in self.links.items()
        }
        return replace(self, links=links)

    def only(self, *names: str) -> Snapshot:
        """The same as far as it concerns the named devices and datapaths."""
        return replace(
            self,
            links={name: link for name, link in self.links.items() if name in names},
            flood={name: flood for name, flood in self.flood.items() if name in names},
            ports={
                datapath: {name: number for name, number in ports.items() if name in names}
                for datapath, ports in self.ports.items()
                if datapath in names
            },
            legacy=self.legacy & set(names),
            flows={name: flows for name, flows in self.flows.items() if name in names},
            udp=frozenset(),
        )

    def ifindex(self, name: str) -> int:
        """The interface index of a device."""
        return int(self.links[name]["ifindex"])

    def vxlan(self, name: str) -> dict[str, Any]:
        """The VXLAN attributes of a device."""
        data: dict[str, Any] = self.links[name]["linkinfo"]["info_data"]
        return data

    def up(self, name: str) -> bool:
        """Whether a device is up."""
        return bool(self.links[name]["up"])

    def owner(self, name: str) -> str | None:
        """The owner that the mark on a device names."""
        alias = str(self.links[name].get("ifalias", ""))
        return alias[len(MARK) :] if alias.startswith(MARK) else None

    def linked(self, name: str, datapath: str, port_no: int | None = None) -> bool:
        """All that a link to a datapath consists of is there."""
        link = self.links[name]
        return (
            name in self.ports.get(datapath, {})
            and port_no in (None, self.ports[datapath][name])
            and link.get("master") == datapath
            and link["linkinfo"].get("info_slave_kind") == "openvswitch"
            and link["promiscuity"] == 1
            and bool(link["up"])
        )

    def detached(self, name: str) -> bool:
        """Nothing of a link to any datapath is left, and the device is there."""
        link = self.links[name]
        return (
            "master" not in link
            and link["promiscuity"] == 0
            and not any(name in ports for ports in self.ports.values())
        )


def look(target: Target, *, flows: bool | str = False, netns: str | None = None) -> Snapshot:
    """Take a snapshot, in a named network namespace if one is given.

    flows: take the flows too, which costs time; of the named datapaths or of all.
    """
    datapaths = flows if isinstance(flows, str) else "$(ovs-dpctl dump-dps)"
    script = _LOOK.replace("FLOWS", _FLOWS.format(datapaths) if flows else ":")
    if netns:
        script = f"ip netns exec {netns} sh -c {shlex.quote(script)}"
    links, fdb, udp, datapaths = target.sh(script).split("---\n")
    flood: dict[str, set[str]] = {}
    for line in fdb.splitlines():
        words = line.split()
        if words[0] == "00:00:00:00:00:00" and "dst" in words:
            flood.setdefault(words[2], set()).add(" ".join(words[4:]))
    named = {link["ifname"]: _link(link) for link in json.loads(links)}
    return Snapshot(named, flood, *_datapaths(datapaths), _udp(udp))


def _link(link: dict[str, Any]) -> dict[str, Any]:
    facts = {key: value for key, value in link.items() if key not in _VOLATILE}
    facts["up"] = "UP" in link["flags"]
    facts["addresses"] = sorted(
        f"{entry['local']}/{entry['prefixlen']}"
        for entry in link["addr_info"]
        if entry["scope"] != "link"
    )
    return facts


def _udp(text: str) -> frozenset[tuple[int, int]]:
    bound, family = set(), 0
    for line in text.splitlines():
        words = line.split()
        if words[0] == "sl":
            family = 6 if family else 4
        else:
            bound.add((family, int(words[1].rsplit(":", 1)[1], 16)))
    return frozenset(bound)


def _datapaths(
    text: str,
) -> tuple[dict[str, dict[str, int]], frozenset[str], dict[str, list[str]]]:
    ports: dict[str, dict[str, int]] = {}
    flows: dict[str, list[str]] = {}
    legacy = set()
    current = ""
    for line in text.splitlines():
        words = line.split()
        if line.startswith("system@"):
            current = words[0].split("@")[1].rstrip(":")
            ports.setdefault(current, {})
            flows.setdefault(current, [])
        elif words[:1] == ["port"]:
            ports[current][words[2]] = int(words[1].rstrip(":"))
            if words[3:] and words[3].startswith("(vxlan"):
                legacy.add(words[2])
        elif "actions:" in line:
            match, _comma, _counters = line.partition(", packets:")
            flows[current].append(f"{match} {words[-1]}")
    return ports, frozenset(legacy), {name: sorted(found) for name, found in flows.items()}


def clean(target: Target) -> None:
    """Remove every datapath, device and namespace that a test may have left."""

    def done() -> bool:
        return not target.sh(_CLEAN.replace("OWN", " ".join(OWN))).split()

    eventually(done, f"{target.host} is not clean")


def eventually(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"within {seconds:g} s: {what}"
        time.sleep(0.02)
