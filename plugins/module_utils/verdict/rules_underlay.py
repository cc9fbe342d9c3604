# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems on the way to the remotes, and of the host around the tunnels; pure."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator

from ..kernel.attributes import OVERHEAD
from .model import (
    NUD_FAILED,
    NUD_INCOMPLETE,
    TUNNEL,
    Expected,
    Finding,
    Path,
    Route,
    Snapshot,
    Subject,
)

# Of so many received packets one may be damaged, over the lifetime of a device or host.
FEW = 1000


def check(seen: Snapshot, expected: Expected, subject: Subject) -> Iterator[Finding]:
    """Everything about the way of a tunnel's or a port's packets."""
    del expected
    off = next((path for path in subject.paths if _ipv6_off(seen, path)), None)
    if off is not None:
        yield _ipv6_finding(seen, subject, off)
    yield from _local_ip(seen, subject)
    for path in subject.paths:
        if off is None or path.family == 4:
            yield from _remote(seen, subject, path)
    yield from _bfd(seen, subject)
    yield from _device(seen, subject)


def _ipv6_off(seen: Snapshot, path: Path) -> bool:
    if path.family != 6:
        return False
    off = seen.around.ipv6_off
    route = seen.around.routes.get(path, Route())
    used = {seen.kernel.links[n].name for n in (path.lower, route.oif) if n in seen.kernel.links}
    homeless = route.errno and path.local not in seen.around.local
    return bool(off & ({"module", "all"} | used)) or bool(homeless and off)


def _ipv6_finding(seen: Snapshot, subject: Subject, path: Path) -> Finding:
    off = seen.around.ipv6_off
    lower = seen.kernel.links.get(path.lower)
    device = lower.name if lower else "all" if "all" in off else min(off)
    culprit = (
        "kernel module ipv6 is not loaded"
        if "module" in off
        else f"sysctl net.ipv6.conf.{device}.disable_ipv6 is 1"
    )
    backing = subject.device.name if subject.device else f"vxlan_sys_{subject.dst_port}"
    facts = {
        "name": subject.name,
        "sysctl": f"net.ipv6.conf.{device}.disable_ipv6",
        "device": backing,
    }
    return Finding("ipv6_disabled", culprit, facts)


def _local_ip(seen: Snapshot, subject: Subject) -> Iterator[Finding]:
    locals_ = sorted({path.local for path in subject.paths if path.local})
    for local in locals_:
        if local not in seen.around.local:
            yield Finding("local_ip_missing", local, {"local_ip": local})


def _remote(seen: Snapshot, subject: Subject, path: Path) -> Iterator[Finding]:
    route = seen.around.routes.get(path)
    if route is None:
        return
    facts = {"remote": path.remote}
    device = seen.kernel.links.get(route.oif)
    name = device.name if device else "an unknown device"
    if route.errno:
        reason = os.strerror(route.errno)
        if route.errno == errno.ENETUNREACH:
            reason = "no route matches"
        yield Finding("no_route", None, {**facts, "reason": reason}, path.remote)
    elif route.local:
        yield Finding("remote_is_local", path.remote, facts, path.remote)
    elif _loops(subject, route):
        yield Finding("route_loop", f"route through {name}", facts, path.remote)
    else:
        why = _unreachable(seen, path, route, name)
        if why:
            culprit = name if route.oif in seen.around.silent else route.gateway or path.remote
            yield Finding("remote_unreachable", culprit, {**facts, "reason": why}, path.remote)
        else:
            yield from _silent(seen, path)
        yield from _mtu(seen, subject, path, route)


def _loops(subject: Subject, route: Route) -> bool:
    own = subject.device.ifindex if subject.device else 0
    return route.oif == own or (route.oif in subject.inside and not subject.uplink)


def _unreachable(seen: Snapshot, path: Path, route: Route, device: str) -> str | None:
    """A reason to say so: no carrier, or a next hop that does not answer."""
    if route.oif in seen.around.silent:
        return f"underlay device {device} has no carrier"
    echo = seen.around.echoes.get(path)
    if echo is not None and (echo.full or echo.small):
        return None
    hop = route.gateway or path.remote
    state = seen.around.neighbours.get((route.oif, hop), 0)
    if state & (NUD_FAILED | NUD_INCOMPLETE):
        return f"{hop} does not answer on {device} (neighbour discovery fails)"
    return None


def _silent(seen: Snapshot, path: Path) -> Iterator[Finding]:
    echo = seen.around.echoes.get(path)
    if echo is not None and not (echo.full or echo.small or echo.too_big):
        yield Finding("remote_silent", path.remote, {"remote": path.remote}, path.remote)


def inside_ports(seen: Snapshot, subject: Subject) -> list[int]:
    """Overlay devices of this host whose packets go through the subject.

    A port without an address sends nothing of its own. One that is the way to a remote is part of
    the underlay where it has a way out; where it has none, that way is a loop.
    """
    routes = seen.around.routes
    under = {routes[path].oif for path in subject.paths if path in routes and subject.uplink}
    return [
        ifindex
        for ifindex in subject.inside
        if ifindex in seen.kernel.links
        and seen.kernel.links[ifindex].up
        and seen.kernel.addresses.get(ifindex)
        and ifindex not in under
    ]


def _mtu(seen: Snapshot, subject: Subject, path: Path, route: Route) -> Iterator[Finding]:
    limit = _limit(seen, subject, path, route)
    echo = seen.around.echoes.get(path)
    for ifindex in inside_ports(seen, subject):
        inside = seen.kernel.links[ifindex]
        facts = {"inside": inside.name, "mtu": inside.mtu, "remote": path.remote}
        if limit and inside.mtu > limit:
            facts.update(limit=limit, missing=inside.mtu - limit)
            yield Finding("mtu_too_large", inside.name, facts, path.remote)
        elif echo is not None and echo.small and not (echo.full or echo.too_big):
            facts["needed"] = echo.size
            yield Finding("underlay_mtu", f"path to {path.remote}", facts, path.remote)


def _limit(seen: Snapshot, subject: Subject, path: Path, route: Route) -> int:
    """Bytes of the largest inner packet that fits; 0 where nothing limits it."""
    limits = []
    device = seen.kernel.links.get(route.oif)
    under = route.mtu or (device.mtu if device else 0)
    if under and not subject.fragment:
        limits.append(under - OVERHEAD[path.family])
    if subject.device is not None and subject.device.mtu:
        limits.append(subject.device.mtu)
    return max(min(limits), 0) if limits else 0


def _bfd(seen: Snapshot, subject: Subject) -> Iterator[Finding]:
    row = subject.row
    if subject.kind != TUNNEL or row is None or seen.database is None or row.broken:
        return
    if row.columns["bfd"].get("enable") != "true":
        return
    status = seen.database.bfd.get(subject.name, {})
    state = status.get("state", "not started")
    if state == "up" and status.get("forwarding") != "false":
        return
    facts = {
        "name": subject.name,
        "state": state,
        "diagnostic": status.get("diagnostic") or "no reason given",
        "dst_port": subject.dst_port,
    }
    remote = subject.paths[0].remote if subject.paths else None
    yield Finding("bfd_down", remote, facts, remote)


def _device(seen: Snapshot, subject: Subject) -> Iterator[Finding]:
    """What happens to the device besides: NetworkManager, errors that were counted."""
    device = subject.device
    if device is None:
        return
    if device.ifindex in seen.around.managed:
        yield Finding("networkmanager_manages", device.name, {"device": device.name})
    total = device.statistics.get("rx_errors", 0)
    count = since(seen, decap_key(device.name), total, device.statistics.get("rx_packets", 0))
    if count:
        yield Finding("decap_errors", device.name, {"device": device.name, "count": count})


def checksums(seen: Snapshot, families: Collection[int]) -> Iterator[Finding]:
    """Damaged UDP packets, of the host as such.

    :param families: IP versions that its tunnels and ports use.
    """
    for family, total in sorted(seen.around.checksum_errors.items()):
        if family not in families or (family == 6 and _without_checksum(seen)):
            continue
        received = seen.around.datagrams.get(family, 0)
        count = since(seen, checksum_key(family), total, received)
        if count:
            yield Finding("checksum_errors", None, {"count": count, "family": family})


def _without_checksum(seen: Snapshot) -> bool:
    """Peers may send packets without a checksum over IPv6, as ovs-vswitchd does by default.

    The kernel counts such a packet as wrong when nobody listens (__udp6_lib_rcv(), net/ipv6/udp.c),
    for example while the tunnel is made. So the counter tells nothing then.
    """
    takes = any(
        link.kind == "vxlan" and link.attrs["udp_zero_csum6_rx"]
        for link in seen.kernel.links.values()
    )
    return takes or any(
        ":" in row.options.get("remote_ip", "") for row in seen.rows.tunnels.values()
    )


def decap_key(device: str) -> str:
    """Name of a device's counter of damaged packets."""
    return f"{device} rx_errors"


def checksum_key(family: int) -> str:
    """Name of the host's counter of wrong UDP checksums."""
    return f"udp{family} checksum_errors"


def since(seen: Snapshot, key: str, total: int, received: int) -> int:
    """What a counter of errors has gained since the baseline; all of it when it started anew.

    Without a baseline nobody knows when they happened: they count when they are many.
    """
    if key not in seen.baseline:
        return total if total * FEW > received else 0
    before = seen.baseline[key]
    return total - before if total >= before else total
