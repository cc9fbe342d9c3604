# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is judged: every tunnel of the database, and every port of the kernel that is ours; pure.

A VXLAN device is a port of ours when it carries a mark, when it is declared, or when it is linked
to a bare datapath. A device of ovs-vswitchd is judged as part of the tunnels that it carries.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from ..core.ownership import owner_of
from ..kernel.model import TYPE_INTERNAL, Datapath, Link, PortState, port_states
from ..ovsdb import options
from ..ovsdb.drift import SYSTEM
from ..ovsdb.model import DEFAULT_DST_PORT, Device, Tunnel
from .model import PORT, TUNNEL, Expected, Path, Snapshot, Subject


def subjects(seen: Snapshot, expected: Expected) -> list[Subject]:
    """Everything that gets a verdict of its own, in the order of names."""
    found = [*_tunnels(seen, expected), *_ports(seen, expected)]
    return sorted(found, key=lambda subject: (subject.kind, subject.name))


def owner(state: PortState) -> str | None:
    """Whose mark a device carries."""
    return owner_of(state.alias)


def system_device(name: str) -> int | None:
    """UDP port of a device that is named as those of ovs-vswitchd."""
    head, _underscore, number = name.rpartition("_")
    return int(number) if head == "vxlan_sys" and number.isdigit() else None


def _tunnels(seen: Snapshot, expected: Expected) -> Iterator[Subject]:
    rows = seen.database.rows.tunnels if seen.database else {}
    inside = _inside_bridges(seen)
    for row in rows.values():
        yield _tunnel(seen, row, inside.get(row.bridge, ()))
    for name, declared in (expected.tunnels or {}).items():
        present = declared.get("state", "present") != "absent"
        if present and name not in rows and seen.database is not None:
            bridge = str(declared.get("bridge") or "")
            remote = _address(declared.get("remote_ip"))
            remotes = (remote,) if remote else ()
            port = _dst_port(declared)
            yield Subject(TUNNEL, name, bridge, None, SYSTEM, port, declared=remotes)


def _tunnel(seen: Snapshot, row: Tunnel, inside: tuple[int, ...]) -> Subject:
    bridge = seen.rows.bridges.get(row.bridge)
    port = options.dst_port(row.options)
    userspace = bridge is not None and bridge.datapath_type != "system"
    return Subject(
        TUNNEL,
        row.name,
        row.bridge,
        row.owner,
        "" if userspace else SYSTEM,
        port,
        row=row,
        device=None if userspace else seen.devices.get(Device(port).name),
        paths=tuple(_tunnel_paths(row)),
        inside=inside,
        uplink=any(
            port.bridge == row.bridge and port.type not in ("internal", "bond")
            for port in seen.rows.others.values()
        ),
        fragment=row.options.get("df_default") == "false",
    )


def _tunnel_paths(row: Tunnel) -> Iterator[Path]:
    remote, local = _address(row.options.get("remote_ip")), _address(row.options.get("local_ip"))
    if remote is not None:
        mark = row.options.get("egress_pkt_mark", "0")
        yield Path(remote, local, mark=int(mark) if mark.isdigit() else 0)


def _address(text: str | None) -> str | None:
    """An address in its usual spelling; None for ``flow`` and whatever else is none."""
    try:
        return str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None


def _inside_bridges(seen: Snapshot) -> dict[str, tuple[int, ...]]:
    """Bridge -> ifindexes of its local and internal ports."""
    found: dict[str, tuple[int, ...]] = {}
    rows = seen.database.rows.others if seen.database else {}
    for port in rows.values():
        if port.type == "internal" and port.name in seen.devices:
            found[port.bridge] = (*found.get(port.bridge, ()), seen.devices[port.name].ifindex)
    return found


def _ports(seen: Snapshot, expected: Expected) -> Iterator[Subject]:
    declared = expected.ports or {}
    states = port_states(seen.kernel)
    for state in states.values():
        datapath = seen.kernel.datapaths.get(state.datapath or "")
        if system_device(state.name) is not None and (datapath is None or datapath.vswitchd):
            if _stale(seen, state.name):
                yield _port(seen, state, datapath, {})
            continue
        marked = owner(state) is not None or state.name in declared
        if marked or (datapath is not None and not datapath.vswitchd):
            yield _port(seen, state, datapath, declared.get(state.name, {}))
    for name, options_ in declared.items():
        if name not in states and options_.get("state", "present") != "absent":
            where = str(options_.get("datapath") or "")
            remotes = tuple(map(str, options_.get("remotes") or ()))
            port = _dst_port(options_)
            yield Subject(PORT, name, where, None, where, port, declared=remotes)


def _stale(seen: Snapshot, name: str) -> bool:
    """A device of ovs-vswitchd that no tunnel of the database uses."""
    link = seen.devices.get(name)
    if link is None or seen.database is None:
        return False
    rows = seen.database.rows
    return rows.cur_cfg >= rows.next_cfg and not users(seen, link)


def _dst_port(declared: Mapping[str, Any]) -> int:
    return int(declared.get("dst_port") or DEFAULT_DST_PORT)


def _port(
    seen: Snapshot, state: PortState, datapath: Datapath | None, declared: Mapping[str, Any]
) -> Subject:
    where = str(declared.get("datapath") or state.datapath or "")
    device = seen.devices.get(state.name)
    lower = device.lower if device else 0
    remotes = sorted(state.flood or ())
    return Subject(
        PORT,
        state.name,
        where,
        owner(state),
        where,
        state.attrs["dst_port"],
        state=state,
        device=device,
        paths=tuple(Path(remote, state.attrs["local_ip"], lower) for remote in remotes),
        inside=_inside(datapath),
        uplink=datapath is not None and _uplink(seen, datapath),
        fragment=state.attrs["df"] != 1 and not state.attrs["external"],
    )


def _inside(datapath: Datapath | None) -> tuple[int, ...]:
    if datapath is None:
        return ()
    return tuple(vport.ifindex for vport in datapath.vports if vport.type == TYPE_INTERNAL)


def _uplink(seen: Snapshot, datapath: Datapath) -> bool:
    """It has a port that is neither its own nor a VXLAN device."""
    kinds = (
        seen.kernel.links[vport.ifindex].kind
        for vport in datapath.vports
        if vport.type != TYPE_INTERNAL and vport.ifindex in seen.kernel.links
    )
    return any(kind != "vxlan" for kind in kinds)


def users(seen: Snapshot, link: Link) -> list[str]:
    """Names of the tunnels that a device of ovs-vswitchd carries."""
    port = system_device(link.name)
    if port is None or seen.database is None:
        return []
    rows = seen.database.rows
    return sorted(
        row.name
        for row in rows.tunnels.values()
        if options.dst_port(row.options) == port
        and (row.bridge not in rows.bridges or rows.bridges[row.bridge].datapath_type == "system")
    )
