# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what is around the tunnels: routes, neighbours, addresses, sysctls, NetworkManager.

One request per distinct path, sent many at a time; everything else is a whole dump or a file.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path as File

from ..kernel.model import Observed
from ..kernel.reader import RTM_GETNEIGH
from ..kernel.transport import Netlink
from . import netlink, sockets
from .model import Path, Route, Surroundings

_STATES = File("/run/NetworkManager/devices")
_OVERLAY = ("vxlan", "openvswitch")
_CONF = File("/proc/sys/net/ipv6/conf")


def read(
    netlink_route: Netlink, paths: Collection[Path], kernel: Observed, own_namespace: bool
) -> Surroundings:
    """The surroundings of ``paths``.

    :param own_namespace: this is the namespace of the host's daemons: NetworkManager names
        devices by numbers that mean something else in another one.
    """
    asked = list(dict.fromkeys(paths))
    local = _local(netlink_route, {path.local for path in asked if path.local})
    routes = _routes(netlink_route, asked, local)
    devices = sorted({route.oif for route in routes.values() if route.oif})
    links = netlink_route.batch([netlink.link_request(ifindex) for ifindex in devices])
    silent = {ifindex for ifindex, reply in zip(devices, links) if netlink.without_carrier(reply)}
    names = [
        link.name
        for link in kernel.links.values()
        if link.kind not in _OVERLAY and link.name != "lo"
    ]
    return Surroundings(
        routes=routes,
        local=local,
        neighbours=netlink.neighbours(netlink_route.dump(RTM_GETNEIGH, struct.pack("=12x"))),
        silent=frozenset(silent),
        ipv6_off=frozenset(_ipv6_off(names)),
        managed=frozenset(_managed(kernel.links)) if own_namespace else frozenset(),
        sockets=sockets.bound(),
        checksum_errors=udp_counters("InCsumErrors"),
        datagrams=udp_counters("InDatagrams"),
    )


def _local(netlink_route: Netlink, addresses: Collection[str]) -> frozenset[str]:
    """Those of ``addresses`` that this host accepts packets for."""
    asked = [Path(address) for address in sorted(addresses)]
    replies = netlink_route.batch([netlink.route_request(path, False) for path in asked])
    return frozenset(
        path.remote for path, reply in zip(asked, replies) if netlink.route(reply).local
    )


def _routes(netlink_route: Netlink, asked: list[Path], local: frozenset[str]) -> dict[Path, Route]:
    """A source address that the host does not have would only make the kernel refuse."""
    requests = [netlink.route_request(path, path.local in local) for path in asked]
    return dict(zip(asked, map(netlink.route, netlink_route.batch(requests))))


def _ipv6_off(devices: Iterable[str]) -> Iterable[str]:
    if not _CONF.is_dir():
        yield "module"
        return
    for name in ("all", *sorted(devices)):
        if _text(_CONF / name / "disable_ipv6").strip() == "1":
            yield name


def _managed(links: Mapping[int, object]) -> Iterable[int]:
    """Devices that a running NetworkManager manages, by its own state files.

    nm_config_device_state_write(), src/core/nm-config.c, writes one file per device. A device
    that it ignores has ``managed=false`` or no such key.
    """
    if not _STATES.is_dir() or not _runs("NetworkManager"):
        return
    for ifindex in links:
        if "managed=true" in _text(_STATES / str(ifindex)).split():
            yield ifindex


def _runs(name: str) -> bool:
    """A process of that name runs; under systemd the daemon writes no pid file."""
    return any(_text(comm).strip() == name for comm in File("/proc").glob("[0-9]*/comm"))


def udp_counters(name: str) -> dict[int, int]:
    """IP version -> a counter of UDP since boot, by its name in /proc/net/snmp."""
    found = {}
    lines = _text(File("/proc/self/net/snmp")).split("\n")
    rows = [line.split() for line in lines if line.startswith("Udp:")]
    if len(rows) > 1 and name in rows[0]:
        found[4] = int(rows[1][rows[0].index(name)])
    for line in _text(File("/proc/self/net/snmp6")).split("\n"):
        words = line.split()
        if words[:1] == [f"Udp6{name}"]:
            found[6] = int(words[1])
    return found


def _text(file: File) -> str:
    """A file's content; nothing where it is gone, or not ours to see."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
