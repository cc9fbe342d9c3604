"""A mesh over the hosts of the lab, made by the modules, and broken by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.harness import Target

INFO, OWNER, BRIDGE, DATAPATH = "ovs_vxlan_info", "info", "br-info", "dp-info"
V6 = "fd00:198:18::"
ON_KERNEL, ON_OVSDB, ON_BOTH = (
    pytest.mark.parametrize("mesh", backends, indirect=True)
    for backends in (["kernel"], ["ovsdb"], ["kernel", "ovsdb"])
)


class Mesh:
    """Hosts 11, 12 and 13 of the underlay; the first one is the one to be broken."""

    def __init__(self, hosts: Sequence[Target]) -> None:
        self.hosts = hosts
        self.first = hosts[0]
        # Errors that earlier faults left behind in counters.
        self._counters: dict[int, Any] = {}
        self.ports: list[list[dict[str, Any]]] = []
        self.tunnels: list[list[dict[str, Any]]] = []
        # What the first host has besides: ports, connections, datapaths; or tunnels.
        self.extra_ports: list[dict[str, Any]] = []
        self.extra_pairs: dict[str, list[list[str]]] = {}
        self.extra_tunnels: list[dict[str, Any]] = []

    def each(self, work: Callable[[int, Target], Any]) -> list[Any]:
        """Do something on all hosts at once."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(work, range(len(self.hosts)), self.hosts))

    # -- making

    @contextmanager
    def kernel(self) -> Iterator[Mesh]:
        """Backend kernel: one VXLAN port over IPv4, one over IPv6."""
        self.ports = [self._ports(index) for index in range(len(self.hosts))]
        try:
            self.make()
            yield self
        finally:
            self.remove()

    def _ports(self, index: int) -> list[dict[str, Any]]:
        numbers = range(11, 11 + len(self.hosts))
        own, peers = 11 + index, [number for number in numbers if number != 11 + index]
        common = {"datapath": DATAPATH, "mtu": "1430", "dst_port": 4789, "state": "present"}
        families = (("vx4", 604, "198.18.0."), ("vx6", 606, V6))
        return [
            {
                **common,
                "name": name,
                "vni": vni,
                "local_ip": f"{network}{own}",
                "remotes": [f"{network}{peer}" for peer in peers],
            }
            for name, vni, network in families
        ]

    def make_kernel(self, index: int, host: Target) -> None:
        """Bring a host to what is declared.

        The local port is wired to the IPv4 port; the IPv6 port is wired to an internal one.
        """
        datapath = {"name": DATAPATH, "mtu": 1430, "address": [f"198.19.104.{11 + index}/24"]}
        must(host, "ovs_datapath", owner=OWNER, datapaths=[datapath])
        host.sh(
            f"ovs-dpctl show {DATAPATH} | grep -q ' aux0 ' || ovs-dpctl add-if {DATAPATH} "
            "aux0,type=internal; ip link set aux0 mtu 1430 up; "
            f"ip address replace fd00:198:19::{11 + index}/64 dev aux0 nodad"
        )
        must(host, "ovs_vxlan_port", owner=OWNER, ports=self.declared_ports(index), purge=True)
        pairs = {DATAPATH: [[DATAPATH, "vx4"], ["aux0", "vx6"]]}
        if index == 0:
            for name, more in self.extra_pairs.items():
                pairs[name] = [*pairs.get(name, []), *more]
        connections = [{"name": name, "connect": pairs[name]} for name in pairs]
        must(host, "ovs_datapath", owner=OWNER, datapaths=connections)

    def declared_ports(self, index: int) -> list[dict[str, Any]]:
        """Every port that was declared on a host."""
        return [*self.ports[index], *(self.extra_ports if index == 0 else ())]

    def declared_tunnels(self, index: int) -> list[dict[str, Any]]:
        """Every tunnel that was declared on a host."""
        return [*self.tunnels[index], *(self.extra_tunnels if index == 0 else ())]

    def again(self) -> None:
        """Bring the first host back to what is declared, as a user would: by running it again."""
        (self.make_kernel if self.ports else self.make_ovsdb)(0, self.first)

    def _remove_kernel(self, _index: int, host: Target) -> None:
        must(host, "ovs_vxlan_port", owner=OWNER, ports=[], purge=True)
        must(host, "ovs_datapath", owner=OWNER, name=DATAPATH, state="absent", force=True)
        host.sh(f"ip -6 address flush dev eth1 scope global; ip -6 route flush {V6}/64 || true")

    @contextmanager
    def ovsdb(self) -> Iterator[Mesh]:
        """Backend ovsdb: a tunnel to each peer over IPv4 and one over IPv6, BFD on, one bridge."""
        numbers = range(11, 11 + len(self.hosts))
        self.tunnels = [
            [
                {
                    "name": f"{prefix}{peer}",
                    "bridge": BRIDGE,
                    "remote_ip": f"{network}{peer}",
                    "local_ip": f"{network}{own}",
                    "key": key,
                    "protected": True,
                    "bfd": {"enable": True, "min_rx": 300, "min_tx": 300, "mult": 10},
                }
                for prefix, network, key in (("vx", "198.18.0.", "700"), ("vy", V6, "701"))
                for peer in numbers
                if peer != own
            ]
            for own in numbers
        ]
        try:
            self.make()
            yield self
        finally:
            self.remove()

    def make(self) -> None:
        """Bring all hosts to what is declared."""
        self.each(self._underlay6)
        self.each(self.make_kernel if self.ports else self.make_ovsdb)

    def remove(self) -> None:
        """Take everything off all hosts."""
        self.each(self._remove_kernel if self.ports else self._remove_ovsdb)

    def _underlay6(self, index: int, host: Target) -> None:
        host.sh(f"ip -6 address replace {V6}{11 + index}/64 dev eth1 nodad")

    def make_ovsdb(self, index: int, host: Target) -> None:
        """Bring a host to what is declared."""
        bridge = {"name": BRIDGE, "mtu": 1430, "address": [f"198.19.105.{11 + index}/24"]}
        must(
            host,
            "ovs_vxlan_tunnel",
            owner=OWNER,
            bridges=[bridge],
            tunnels=self.declared_tunnels(index),
            purge=True,
        )

    def _remove_ovsdb(self, _index: int, host: Target) -> None:
        must(host, "ovs_vxlan_tunnel", owner=OWNER, bridges=[], tunnels=[], purge=True)
        host.sh(f"ip -6 address flush dev eth1 scope global; ip -6 route flush {V6}/64 || true")

    # -- looking

    def look(self, index: int = 0, **options: Any) -> dict[str, Any]:
        """What the module says of a host, compared with what was declared."""
        if self.ports:
            options.setdefault("expected_ports", self.declared_ports(index))
        if self.tunnels:
            options.setdefault("expected_tunnels", self.declared_tunnels(index))
        options.setdefault("baseline", self.counters(index))
        result = must(self.hosts[index], INFO, **options)
        self._counters[index] = result["counters"]
        return result

    def counters(self, index: int = 0) -> dict[str, int]:
        """Errors of the past, as the baseline of a look."""
        if index not in self._counters:
            self._counters[index] = must(self.hosts[index], INFO, probe="none")["counters"]
        found: dict[str, int] = self._counters[index]
        return found

    def settle(self) -> None:
        """Wait until nothing is wrong with the first host."""
        result = self.look(wait_timeout=30)
        assert result["problems"] == []


def must(host: Target, module: str, **args: Any) -> dict[str, Any]:
    """Run a module that has to succeed."""
    result = host.run(module, **args)
    assert not result.get("failed"), f"{host.host}: {module}: {result.get('msg')}"
    return result


def codes(result: dict[str, Any]) -> list[str]:
    """Codes of all problems, the worst first."""
    return [problem["code"] for problem in result["problems"]]
