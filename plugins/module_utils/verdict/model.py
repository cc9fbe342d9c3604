# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is looked at, and what is found; pure data."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..kernel.model import Datapath, Link, PortState, Vport
from ..kernel.model import Observed as KernelObserved
from ..ovsdb.daemon import Vswitchd
from ..ovsdb.model import Observed as DatabaseObserved
from ..ovsdb.model import Tunnel

TUNNEL, PORT, SELF = "tunnel", "port", "host"
# Neighbour states, include/uapi/linux/neighbour.h.
NUD_INCOMPLETE, NUD_FAILED = 0x01, 0x20
# Holder of a socket that belongs to the kernel or to another user, when one may not look.
UNSEEN = "somebody whom this user may not see"


@dataclass(frozen=True)
class Path:
    """A way to a remote, as the kernel will be asked for it.

    :param local: source address, where one is set.
    :param lower: ifindex of the underlay device that packets are bound to, 0 for none.
    :param mark: skb mark of the packets.
    """

    remote: str
    local: str | None = None
    lower: int = 0
    mark: int = 0

    @property
    def family(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.remote).version


@dataclass(frozen=True)
class Route:
    """The kernel's answer for a path.

    :param errno: why there is none; 0 when there is one.
    :param oif: ifindex of the device that it leads out of.
    :param gateway: next hop, or None for a neighbour.
    :param mtu: of the route itself (set by hand, or learnt from ICMP); 0 where it has none.
    :param local: it leads to this host itself.
    """

    errno: int = 0
    oif: int = 0
    gateway: str | None = None
    mtu: int = 0
    local: bool = False


@dataclass(frozen=True)
class Socket:
    """A bound UDP socket; ``holder`` is a process, or None for the kernel's own."""

    family: int
    port: int
    address: str
    holder: str | None = None


@dataclass(frozen=True)
class Echo:
    """Answers of a remote on the underlay: to a packet of full size, to a small one.

    :param size: bytes of the IP packet of full size.
    """

    size: int
    full: bool = False
    small: bool = False
    too_big: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What is around the tunnels of a host.

    :param local: addresses of ``local_ip`` options that packets are accepted for.
    :param neighbours: (ifindex, address) -> NUD state.
    :param silent: ifindexes of devices that are up without a carrier.
    :param ipv6_off: devices with ``disable_ipv6``, and ``all``; ``module`` when there is no IPv6.
    :param managed: ifindexes of devices that a running NetworkManager manages.
    :param sockets: every bound UDP socket.
    :param checksum_errors: IP version -> UDP packets with a wrong checksum, since boot.
    :param datagrams: IP version -> UDP packets received, since boot.
    :param echoes: answers to probes, by path; empty when nothing was sent.
    """

    routes: Mapping[Path, Route] = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    neighbours: Mapping[tuple[int, str], int] = field(default_factory=dict)
    silent: frozenset[int] = frozenset()
    ipv6_off: frozenset[str] = frozenset()
    managed: frozenset[int] = frozenset()
    sockets: tuple[Socket, ...] = ()
    checksum_errors: Mapping[int, int] = field(default_factory=dict)
    datagrams: Mapping[int, int] = field(default_factory=dict)
    echoes: Mapping[Path, Echo] = field(default_factory=dict)


@dataclass(frozen=True)
class Database:
    """What OVSDB says, with the columns that only a verdict needs.

    :param bfd: tunnel name -> column ``bfd_status``.
    :param statistics: tunnel name -> column ``statistics``.
    """

    rows: DatabaseObserved
    bfd: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statistics: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Everything that is judged, at one moment.

    :param openvswitch: the kernel has its netlink families.
    :param database: None where it was not read, for ``reason``; ``asked`` tells whether it should
        have been.
    :param listening: UDP ports that the userspace datapath takes tunnel packets on; None when
        there is none, or ovs-vswitchd did not say.
    :param baseline: error counters of an earlier look, by name: only what came since counts.
    """

    kernel: KernelObserved = field(default_factory=KernelObserved)
    openvswitch: bool = True
    database: Database | None = None
    asked: bool = False
    reason: str = ""
    daemon: Vswitchd = field(default_factory=Vswitchd)
    listening: frozenset[int] | None = None
    around: Surroundings = field(default_factory=Surroundings)
    baseline: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def devices(self) -> Mapping[str, Link]:
        """Devices by name."""
        return {link.name: link for link in self.kernel.links.values()}

    @cached_property
    def rows(self) -> DatabaseObserved:
        """The rows of the database; none where it was not read."""
        return self.database.rows if self.database else DatabaseObserved()

    @cached_property
    def vports(self) -> Mapping[int, tuple[Datapath, Vport]]:
        """The vport that a device is, by its ifindex."""
        return {vport.ifindex: (datapath, vport) for datapath, vport in self.kernel.vports()}


@dataclass(frozen=True)
class Expected:
    """What was declared, as far as it can be compared; None: nobody said.

    :param ports: declared kernel ports by name, in the words of ``ovs_vxlan_port``.
    :param tunnels: declared tunnels by name, in the words of ``ovs_vxlan_tunnel``.
    :param owner: whose marks are declared completely by them.
    """

    ports: Mapping[str, Mapping[str, Any]] | None = None
    tunnels: Mapping[str, Mapping[str, Any]] | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Subject:
    """A tunnel or a port under judgement, with what it rests on.

    :param where: the bridge, or the datapath that it is linked to or declared for.
    :param datapath: the kernel datapath that it belongs to; empty in userspace.
    :param row: of a tunnel: its row; None when it has none.
    :param state: of a port: its state; None when there is no such device.
    :param device: the kernel's VXLAN device that carries it.
    :param declared: addresses of the remotes that it should lead to, of one that is missing.
    :param inside: ifindexes of the devices on the overlay side: local and internal ports.
    :param uplink: its bridge or datapath has ports that may lead to the underlay.
    :param fragment: the outer packets may be fragmented (don't-fragment is not set).
    """

    kind: str
    name: str
    where: str
    owner: str | None
    datapath: str
    dst_port: int
    row: Tunnel | None = None
    state: PortState | None = None
    device: Link | None = None
    paths: tuple[Path, ...] = ()
    declared: tuple[str, ...] = ()
    inside: tuple[int, ...] = ()
    uplink: bool = False
    fragment: bool = False


@dataclass(frozen=True)
class Finding:
    """One problem of one subject.

    :param facts: fill the placeholders of the code's cause and remedy.
    :param remote: the remote that it is about, where it is about one.
    """

    code: str
    culprit: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    remote: str | None = None


@dataclass(frozen=True)
class Verdict:
    """A subject with its problems, the root cause first. ``subject`` None: the host as such."""

    subject: Subject | None
    findings: tuple[Finding, ...] = ()
