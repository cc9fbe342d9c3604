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
            self.each(self._make_kernel)
            yield self
        finally:
            self.each(self._remove_kernel)

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

    def _make_kernel(self, index: int, host: Target) -> None:
        host.sh(f"ip -6 address replace {V6}{11 + index}/64 dev eth1 nodad")
        datapath = {"name": DATAPATH, "mtu": 1430, "address": [f"198.19.104.{11 + index}/24"]}
        must(host, "ovs_datapath", owner=OWNER, datapaths=[datapath])
        must(host, "ovs_vxlan_port", owner=OWNER, ports=self.ports[index], purge=True)
        self.connect(host)

    def connect(self, host: Target) -> None:
        """Wire the local port to the IPv4 port; the IPv6 port is wired to an internal one."""
        host.sh(
            f"ovs-dpctl show {DATAPATH} | grep -q 'aux0' || ovs-dpctl add-if {DATAPATH} "
            "aux0,type=internal; ip link set aux0 mtu 1430 up"
        )
        pairs = [[DATAPATH, "vx4"], ["aux0", "vx6"]]
        must(host, "ovs_datapath", owner=OWNER, name=DATAPATH, connect=pairs)

    def _remove_kernel(self, _index: int, host: Target) -> None:
        must(host, "ovs_vxlan_port", owner=OWNER, ports=[], purge=True)
        must(host, "ovs_datapath", owner=OWNER, name=DATAPATH, state="absent", force=True)
        host.sh(f"ip -6 address flush dev eth1 scope global; ip -6 route flush {V6}/64 || true")

    @contextmanager
    def ovsdb(self) -> Iterator[Mesh]:
        """Backend ovsdb: a tunnel to each peer on one bridge."""
        numbers = range(11, 11 + len(self.hosts))
        self.tunnels = [
            [
                {
                    "name": f"vx{peer}",
                    "bridge": BRIDGE,
                    "remote_ip": f"198.18.0.{peer}",
                    "local_ip": f"198.18.0.{own}",
                    "key": "700",
                    "protected": True,
                    "bfd": {"enable": True, "min_rx": 300, "min_tx": 300, "mult": 10},
                }
                for peer in numbers
                if peer != own
            ]
            for own in numbers
        ]
        try:
            self.each(self.make_ovsdb)
            yield self
        finally:
            self.each(self._remove_ovsdb)

    def make_ovsdb(self, index: int, host: Target) -> None:
        """Bring a host to what is declared."""
        bridge = {"name": BRIDGE, "mtu": 1450, "address": [f"198.19.105.{11 + index}/24"]}
        must(
            host,
            "ovs_vxlan_tunnel",
            owner=OWNER,
            bridges=[bridge],
            tunnels=self.tunnels[index],
            purge=True,
        )

    def _remove_ovsdb(self, _index: int, host: Target) -> None:
        must(host, "ovs_vxlan_tunnel", owner=OWNER, bridges=[], tunnels=[], purge=True)

    # -- looking

    def look(self, index: int = 0, **options: Any) -> dict[str, Any]:
        """What the module says of a host, compared with what was declared."""
        if self.ports:
            options.setdefault("expected_ports", self.ports[index])
        if self.tunnels:
            options.setdefault("expected_tunnels", self.tunnels[index])
        options.setdefault("baseline", self._counters.get(index))
        result = must(self.hosts[index], INFO, **options)
        self._counters[index] = result["counters"]
        return result

    def settle(self) -> None:
        """Wait until nothing is wrong with the first host."""
        self.look()  # takes note of the counters
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
