# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of hosts by hand, and declarations in the words of the modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import mark
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import DEFAULTS
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.datapath_steps import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.desired import port_set
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.desired_datapath import (
    datapath_set,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_INTERNAL,
    TYPE_NETDEV,
    TYPE_VXLAN,
    Datapath,
    DatapathSet,
    Flow,
    Link,
    Observed,
    PortSet,
    Vport,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.plan import plan_ports
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.plan_datapath import (
    plan_datapaths,
)

OURS = mark("default")
LOCAL = "192.0.2.1"
PEERS = ("192.0.2.2", "192.0.2.3")
# A port as the module makes it where only these are declared.
DECLARED = {"vni": 100, "local_ip": LOCAL, "remotes": list(PEERS)}


class Host:
    """A network namespace under construction."""

    def __init__(self) -> None:
        self.links: dict[int, Link] = {1: Link(1, "lo", up=True, mtu=65536)}
        self.datapaths: dict[str, Datapath] = {}
        self.addresses: dict[int, tuple[str, ...]] = {1: ("127.0.0.1/8",)}
        self.udp: set[tuple[int, int]] = set()
        self.vswitchd = False

    def device(self, name: str, *addresses: str, mtu: int = 1500, **fields: Any) -> int:
        """Add any device; return its ifindex."""
        ifindex = max(self.links) + 1
        fields.setdefault("up", True)
        fields.setdefault("mac", f"02:00:00:00:00:{ifindex:02x}")
        self.links[ifindex] = Link(ifindex, name, mtu=mtu, **fields)
        if addresses:
            self.addresses[ifindex] = addresses
        return ifindex

    def datapath(
        self, name: str, *addresses: str, alias: str = OURS, upcall: int = 0, **fields: Any
    ) -> None:
        """Add a datapath and its local port."""
        ifindex = self.device(name, *addresses, kind="openvswitch", alias=alias)
        local = Vport(0, name, TYPE_INTERNAL, ifindex, upcall_pid=upcall)
        self.datapaths[name] = Datapath(ifindex, name, 1, vports=(local,), **fields)

    def link(
        self, datapath: str, name: str, port_no: int, kind: int = TYPE_NETDEV, upcall: int = 0
    ) -> None:
        """Make a device a vport."""
        ifindex = self.ifindex(name)
        found = self.datapaths[datapath]
        vport = Vport(port_no, name, kind, ifindex, upcall_pid=upcall)
        self.datapaths[datapath] = replace(found, vports=(*found.vports, vport))
        self.links[ifindex] = replace(
            self.links[ifindex], master=found.ifindex, slave_kind="openvswitch", promiscuity=1
        )

    def internal(self, datapath: str, name: str, port_no: int) -> None:
        """Add an internal port."""
        self.device(name, kind="openvswitch")
        self.link(datapath, name, port_no, TYPE_INTERNAL)

    def flow(self, datapath: str, flow: Flow) -> None:
        """Add a flow."""
        found = self.datapaths[datapath]
        self.datapaths[datapath] = replace(found, flows=(*found.flows, flow))

    def ifindex(self, name: str) -> int:
        """The ifindex of a device."""
        return next(link.ifindex for link in self.links.values() if link.name == name)

    def vxlan(
        self,
        name: str,
        datapath: str | None = None,
        port_no: int = 1,
        *,
        vni: int = 100,
        remotes: Iterable[str] = PEERS,
        dev: str | None = None,
        attrs: Mapping[str, Any] | None = None,
        upcall: int = 0,
        **fields: Any,
    ) -> None:
        """Add a VXLAN device as the module makes it from DECLARED, with these differences."""
        live = {**DEFAULTS, "vni": vni, "dst_port": 4789, "ttl": 64, "df": 1, "local_ip": LOCAL}
        fields = {"alias": OURS, "mtu": 1450, "kind": "vxlan", **fields}
        lower = self.ifindex(dev) if dev else 0
        flood = frozenset(remotes)
        self.device(name, attrs={**live, **(attrs or {})}, flood=flood, lower=lower, **fields)
        if datapath:
            self.link(datapath, name, port_no, upcall=upcall)

    def external(self, name: str, *, attrs: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Add an external device, detached, as the module makes it."""
        live = {**DEFAULTS, "external": True, "learning": False, "udp_zero_csum6_rx": True}
        live["dst_port"] = 4789
        fields = {"alias": OURS, "mtu": 65000, "kind": "vxlan", **fields}
        self.device(name, attrs={**live, **(attrs or {})}, **fields)

    def legacy(
        self, name: str, datapath: str, port_no: int, *, upcall: int = 0, **fields: Any
    ) -> None:
        """Add a port of the kernel's own vport class."""
        self.external(name, **{"mtu": 65535, **fields})
        self.link(datapath, name, port_no, TYPE_VXLAN, upcall)

    def observed(self) -> Observed:
        """The snapshot."""
        return Observed(
            dict(self.links),
            dict(self.datapaths),
            dict(self.addresses),
            frozenset(self.udp),
            self.vswitchd,
        )


def host() -> Host:
    """An underlay device with the local address, and an empty datapath of ours."""
    made = Host()
    made.device("eth0", f"{LOCAL}/24")
    made.datapath("lab0")
    return made


def wired() -> Host:
    """lab0 with vx1 on port 1 and vx2 on port 2, lab0 and vx1 connected."""
    made = host()
    made.vxlan("vx1", "lab0", 1, vni=1)
    made.vxlan("vx2", "lab0", 2, vni=2)
    for a, b in ((0, 1), (1, 0)):
        made.flow("lab0", Flow(a, b, ufid(a, b)))
    return made


def params(**options: Any) -> dict[str, Any]:
    """Parameters of a task; a port lies in lab0 unless something else is said."""
    if options.get("state", "present") == "present":
        options = {"datapath": "lab0", **options}
    return options


def ports(**options: Any) -> PortSet:
    """What a task of ovs_vxlan_port declares."""
    return port_set(params(**options))


def plan(observed: Observed, **options: Any) -> Plan:
    """The plan of a task of ovs_vxlan_port."""
    return plan_ports(ports(**options), observed)


def refusal(made: Host, **options: Any) -> TunnelMeshError:
    """The error of a plan; it says what to do."""
    with pytest.raises(TunnelMeshError) as caught:
        plan(made.observed(), **options)
    assert caught.value.remedy
    return caught.value


def linked_numbers(made: Host, **options: Any) -> dict[str, int]:
    """The number of each port that a plan links."""
    steps = plan(made.observed(), **options)
    return {step.name: step.args["port_no"] for step in steps if step.op == "link"}


def datapaths(**options: Any) -> DatapathSet:
    """What a task of ovs_datapath declares."""
    return datapath_set(options)


def plan_dp(observed: Observed, **options: Any) -> Plan:
    """The plan of a task of ovs_datapath."""
    return plan_datapaths(datapaths(**options), observed)


def refusal_dp(made: Host, **options: Any) -> TunnelMeshError:
    """The error of a plan of datapaths; it says what to do."""
    with pytest.raises(TunnelMeshError) as caught:
        plan_dp(made.observed(), **options)
    assert caught.value.remedy
    return caught.value


def ops(steps: Plan) -> list[tuple[str, str]]:
    """A plan in short: (what, to which)."""
    return [(step.op, step.name) for step in steps]
