# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel plane is made of: what was read, and what is wanted; pure data."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from ..core.record import dataclass, field
from .attributes import RECEIVE_FLAGS

# enum ovs_vport_type, include/uapi/linux/openvswitch.h
TYPE_NETDEV = 1
TYPE_INTERNAL = 2
TYPE_VXLAN = 4
VPORT_TYPES = {1: "netdev", 2: "internal", 3: "gre", 4: "vxlan", 5: "geneve"}
PORT_NO_MAX = 65534  # DP_MAX_PORTS - 1 and the local port, net/openvswitch/datapath.h
# OVS_DP_F_DISPATCH_UPCALL_PER_CPU; ovs-dpctl sets it on whatever it looks at.
PER_CPU_DISPATCH = 8
UFID_PREFIX = b"tunnelmesh"  # of the flows that are ours


@dataclass(frozen=True)
class Link:
    """A network device, from RTM_GETLINK; VXLAN attributes only where ``kind`` is vxlan.

    ``flood`` holds the destinations of its all-zero bridge FDB entries; ``stacked_on`` is the
    ifindex of the device that a macvlan or VLAN device sits on.
    """

    ifindex: int
    name: str
    kind: str = ""
    up: bool = False
    mtu: int = 0
    mac: str = ""
    alias: str = ""
    link_group: int = 0
    master: int = 0
    slave_kind: str = ""
    promiscuity: int = 0
    lower: int = 0
    stacked_on: int = 0
    netnsid: int | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    flood: frozenset[str] = frozenset()
    statistics: Mapping[str, int] = field(default_factory=dict)

    @property
    def of_switch(self) -> bool:
        """Made by Open vSwitch for a port of type internal; for a userspace bridge it is a tap."""
        return self.kind in ("openvswitch", "tun")


@dataclass(frozen=True)
class Vport:
    """A port of a kernel datapath, from an ``ovs_vport`` dump."""

    port_no: int
    name: str
    type: int
    ifindex: int
    dst_port: int | None = None
    gbp: bool = False
    upcall_pid: int = 0


@dataclass(frozen=True)
class Flow:
    """A kernel flow, as far as it leads from one port to one port.

    :param in_port: the port it matches exactly, else None.
    :param output: the port that is its only action, else None.
    :param wildcard: it matches nothing besides ``in_port``.
    """

    in_port: int | None
    output: int | None
    ufid: bytes = b""
    wildcard: bool = True


@dataclass(frozen=True)
class Datapath:
    """A kernel datapath, from ``ovs_datapath``; ``ifindex`` is that of its local device.

    :param per_cpu: upcalls go to sockets of a process, one for each CPU (PER_CPU_PIDS).
    :param upcalls: packets that no flow matched since it exists, and how many of them nobody took
        (n_missed and n_lost of struct ovs_dp_stats).
    """

    ifindex: int
    name: str
    features: int = 0
    per_cpu: bool = False
    vports: tuple[Vport, ...] = ()
    flows: tuple[Flow, ...] = ()
    upcalls: tuple[int, int] = (0, 0)

    @property
    def vswitchd(self) -> bool:
        """Owned by ovs-vswitchd: named so, or with upcall sockets per CPU.

        The feature bit of per-CPU dispatch is no evidence: ``ovs-dpctl show`` sets it, too.
        """
        return self.name == "ovs-system" or self.per_cpu


@dataclass(frozen=True)
class Observed:
    """One snapshot of a network namespace.

    :param links: by ifindex.
    :param datapaths: by name.
    :param addresses: ``address/prefix`` of every device, by ifindex.
    :param udp: UDP ports with a socket bound, as (family, port), from /proc/net/udp and udp6.
    :param vswitchd: an ovs-vswitchd process runs on this host.
    """

    links: Mapping[int, Link] = field(default_factory=dict)
    datapaths: Mapping[str, Datapath] = field(default_factory=dict)
    addresses: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    udp: frozenset[tuple[int, int]] = frozenset()
    vswitchd: bool = False

    def link(self, name: str) -> Link | None:
        """The device called ``name``."""
        return next((link for link in self.links.values() if link.name == name), None)

    def vports(self) -> Iterator[tuple[Datapath, Vport]]:
        """Every vport with its datapath."""
        for datapath in self.datapaths.values():
            for vport in datapath.vports:
                yield datapath, vport


@dataclass(frozen=True)
class PortState:
    """All of a VXLAN port that this collection can set; observed and wanted alike.

    In a wanted state ``mac``, ``flood``, ``port_no`` of None mean: as it is. ``datapath`` of None
    means not linked. ``lower`` is the name of the underlay device.
    """

    name: str
    legacy: bool
    attrs: Mapping[str, Any]
    mtu: int
    lower: str | None = None
    mac: str | None = None
    flood: frozenset[str] | None = None
    alias: str = ""
    link_group: int = 0
    up: bool = True
    datapath: str | None = None
    port_no: int | None = None
    upcall_pid: int = 0

    @property
    def families(self) -> frozenset[int]:
        """IP versions of the UDP sockets that the device opens: vxlan_open()."""
        if self.attrs["external"]:
            return frozenset((4, 6))
        return frozenset((self.family or 4,))

    @property
    def family(self) -> int | None:
        """IP version of the underlay, or None where nothing tells it."""
        for value in (self.attrs["local_ip"], self.attrs["group"], *sorted(self.flood or ())):
            if value is not None:
                return ipaddress.ip_address(value).version
        return None

    @property
    def receive_flags(self) -> tuple[bool, ...]:
        """What devices on the same UDP port must agree on."""
        return tuple(bool(self.attrs[name]) for name in RECEIVE_FLAGS)


def port_states(observed: Observed) -> dict[str, PortState]:
    """Every VXLAN device of a snapshot as a port state, by name."""
    by_ifindex = {vport.ifindex: (datapath, vport) for datapath, vport in observed.vports()}
    states = {}
    for link in observed.links.values():
        if link.kind != "vxlan":
            continue
        datapath, vport = by_ifindex.get(link.ifindex, (None, None))
        lower = observed.links.get(link.lower)
        states[link.name] = PortState(
            name=link.name,
            legacy=vport is not None and vport.type == TYPE_VXLAN,
            attrs=link.attrs,
            mtu=link.mtu,
            lower=lower.name if lower else None,
            mac=link.mac,
            flood=link.flood,
            alias=link.alias,
            link_group=link.link_group,
            up=link.up,
            datapath=datapath.name if datapath else None,
            port_no=vport.port_no if vport else None,
            upcall_pid=vport.upcall_pid if vport else 0,
        )
    return states


@dataclass(frozen=True)
class PortSpec:
    """One declared port, checked; ``mtu`` of None means ``auto``."""

    where: str
    name: str
    state: str
    datapath: str | None
    port_no: int | None
    legacy: bool
    attrs: Mapping[str, Any]
    dev: str | None
    mtu: int | None
    mac: str | None
    remotes: frozenset[str] | None
    adopt: bool
    recreate: bool


@dataclass(frozen=True)
class PortSet:
    """What one task declares about ports."""

    specs: tuple[PortSpec, ...]
    owner: str
    purge: bool = False
    assume: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DatapathSpec:
    """One declared datapath, checked; None means: left alone."""

    where: str
    name: str
    state: str
    up: bool
    mtu: int | None
    addresses: tuple[str, ...] | None
    connect: tuple[tuple[str, str], ...] | None
    adopt: bool
    force: bool


@dataclass(frozen=True)
class DatapathSet:
    """What one task declares about datapaths."""

    specs: tuple[DatapathSpec, ...]
    owner: str
    purge: bool = False
    assume: frozenset[str] = frozenset()
