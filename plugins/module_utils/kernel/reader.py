# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a snapshot of the network namespace: a constant number of dumps, whatever its size."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable
from pathlib import Path

from ..core.errors import ApplyError
from ..core.record import replace
from . import decode
from .model import Datapath, Link, Observed
from .transport import NETLINK_GENERIC, NETLINK_ROUTE, Netlink, family_id

RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH = 18, 22, 30
AF_BRIDGE = 7
OVS_GET = 3
VERSIONS = {"ovs_datapath": 2, "ovs_vport": 1, "ovs_flow": 1}
IFLA_EXT_MASK, SKIP_STATS = 29, 8
SCOPE_LINK = 253


class Reader:
    """Takes snapshots; keeps its sockets open between them."""

    def __init__(self) -> None:
        self.route = Netlink(NETLINK_ROUTE)
        self.generic = Netlink(NETLINK_GENERIC)
        self._families: dict[str, int] = {}

    def close(self) -> None:
        """Close both sockets."""
        self.route.close()
        self.generic.close()

    def family(self, name: str) -> int:
        """Message type of ``ovs_datapath``, ``ovs_vport`` or ``ovs_flow``."""
        if name not in self._families:
            self._families[name] = family_id(self.generic, name)
        return self._families[name]

    def snapshot(self, flows: bool = False, statistics: bool = False) -> Observed:
        """Links, flood entries, addresses, datapaths with vports, bound UDP ports.

        :param flows: also the flows of every bare datapath.
        :param statistics: also the counters of every device.
        :raises EnvironmentProblem: kernel module openvswitch is not loaded.
        :raises ApplyError: the kernel refused a dump.
        """
        datapaths = {found.name: found for found in self._datapaths(flows)}
        links = self._links(statistics)
        return Observed(
            links=links,
            datapaths=datapaths,
            addresses=self._addresses(),
            udp=bound_udp_ports(),
            vswitchd=vswitchd_runs(),
        )

    def _datapaths(self, flows: bool) -> Iterable[Datapath]:
        for body in self._ovs_dump("ovs_datapath", 0):
            found = decode.datapath(body)
            try:
                vports = tuple(map(decode.vport, self._ovs_dump("ovs_vport", found.ifindex)))
                entries = (
                    tuple(map(decode.flow, self._ovs_dump("ovs_flow", found.ifindex)))
                    if flows and not found.vswitchd
                    else ()
                )
            except ApplyError as error:
                if error.errno != errno.ENODEV:
                    raise
                continue  # gone since the first dump
            if vports:  # a dump of a datapath that is gone is empty; port 0 is always there
                yield replace(found, vports=vports, flows=entries)

    def _ovs_dump(self, family: str, dp_ifindex: int) -> list[bytes]:
        body = struct.pack("=BBHi", OVS_GET, VERSIONS[family], 0, dp_ifindex)
        return self.generic.dump(self.family(family), body)

    def _links(self, statistics: bool) -> dict[int, Link]:
        mask = struct.pack("=HHI", 8, IFLA_EXT_MASK, 0 if statistics else SKIP_STATS)
        body = struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0) + mask
        links = {}
        for answer in self.route.dump(RTM_GETLINK, body):
            link = decode.link(answer)
            links[link.ifindex] = link
        for ifindex, flood in self._flood().items():
            if ifindex in links:
                links[ifindex] = replace(links[ifindex], flood=frozenset(flood))
        return links

    def _flood(self) -> dict[int, set[str]]:
        flood: dict[int, set[str]] = {}
        body = struct.pack("=BBHiHBB", AF_BRIDGE, 0, 0, 0, 0, 0, 0)
        for answer in self.route.dump(RTM_GETNEIGH, body):
            entry = decode.flood_entry(answer)
            if entry is not None:
                flood.setdefault(entry[0], set()).add(entry[1])
        return flood

    def _addresses(self) -> dict[int, tuple[str, ...]]:
        """Addresses without the link-local ones that IPv6 makes by itself."""
        addresses: dict[int, tuple[str, ...]] = {}
        body = struct.pack("=BBBBI", 0, 0, 0, 0, 0)
        for answer in self.route.dump(RTM_GETADDR, body):
            entry = decode.address(answer)
            if entry is not None and entry[2] != SCOPE_LINK:
                addresses[entry[0]] = (*addresses.get(entry[0], ()), entry[1])
        return addresses


def bound_udp_ports() -> frozenset[tuple[int, int]]:
    """(family, port) of every bound UDP socket of this namespace, kernel sockets included."""
    bound = set()
    for family, name in ((4, "udp"), (6, "udp6")):
        try:
            lines = Path("/proc/self/net", name).read_text(encoding="ascii").split("\n")[1:]
        except FileNotFoundError:
            continue  # no IPv6
        for line in lines:
            words = line.split()
            if len(words) > 2:
                bound.add((family, int(words[1].rsplit(":", 1)[1], 16)))
    return frozenset(bound)


def vswitchd_runs(pidfile: str = "/run/openvswitch/ovs-vswitchd.pid") -> bool:
    """An ovs-vswitchd process is alive, by its pid file."""
    try:
        pid = int(Path(pidfile).read_text(encoding="ascii").strip())
        return Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip() == "ovs-vswitchd"
    except (OSError, ValueError):
        return False
