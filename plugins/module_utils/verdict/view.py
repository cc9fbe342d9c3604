# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user sees of a snapshot: plain dictionaries; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.ownership import owner_of
from ..kernel import view as kernel_view
from ..kernel.model import PortState, port_states
from ..ovsdb import options
from ..ovsdb import view as database_view
from ..ovsdb.drift import SYSTEM
from . import holders
from .model import UNSEEN, Snapshot
from .rules_underlay import checksum_key, decap_key
from .subjects import system_device, users

OURS, VSWITCHD, FOREIGN = "ours", "ovs-vswitchd", "foreign"


@dataclass(frozen=True)
class Filter:
    """What is shown; None: everything."""

    datapath: str | None = None
    bridge: str | None = None
    owner: str | None = None

    def takes(self, datapath: str | None, bridge: str | None, owner: str | None) -> bool:
        """Whether a thing with these properties is shown; a thing without the property is not."""
        pairs = ((self.datapath, datapath), (self.bridge, bridge), (self.owner, owner))
        return all(wanted is None or wanted == seen for wanted, seen in pairs)


def host(seen: Snapshot) -> dict[str, Any]:
    """The daemons and the kernel module."""
    rows = seen.database.rows if seen.database else None
    return {
        "openvswitch_loaded": seen.openvswitch,
        "vswitchd": {
            "running": bool(seen.daemon.pid),
            "pid": seen.daemon.pid or None,
            "complaint": seen.daemon.complaint() if rows else None,
        },
        "database": {
            "read": rows is not None,
            "reason": seen.reason or None,
            "next_cfg": rows.next_cfg if rows else None,
            "cur_cfg": rows.cur_cfg if rows else None,
        },
    }


def datapaths(seen: Snapshot, only: Filter) -> list[dict[str, Any]]:
    """Kernel datapaths with their vports, and the tunnels that each vport serves."""
    shown = []
    for name, found in sorted(seen.kernel.datapaths.items()):
        entry = {"name": name, "ifindex": found.ifindex, **kernel_view.datapath(found, seen.kernel)}
        for port in entry["ports"]:
            link = seen.devices.get(port["name"])
            if link is not None and system_device(link.name) is not None:
                port["tunnels"] = users(seen, link)
        if only.takes(name, None, entry["owned_by"]):
            shown.append(entry)
    return shown


def kind_of(seen: Snapshot, state: PortState) -> str:
    """Whose a VXLAN device is: ``ours``, ``ovs-vswitchd`` or ``foreign``."""
    if owner_of(state.alias) is not None:
        return OURS
    datapath = seen.kernel.datapaths.get(state.datapath or "")
    if datapath is not None and datapath.vswitchd:
        return VSWITCHD
    link = seen.devices.get(state.name)
    return VSWITCHD if link is not None and users(seen, link) else FOREIGN


def devices(seen: Snapshot, only: Filter) -> list[dict[str, Any]]:
    """Every VXLAN device with its attributes, flood list, counters and tunnels."""
    shown = []
    for name, state in sorted(port_states(seen.kernel).items()):
        link = seen.devices[name]
        if only.takes(state.datapath, None, owner_of(state.alias)):
            entry = {
                "name": name,
                "belongs_to": kind_of(seen, state),
                "ifindex": link.ifindex,
                "mac_address": link.mac,
                "promiscuity": link.promiscuity,
                **kernel_view.port(state),
                "tunnels": users(seen, link),
                "statistics": dict(link.statistics),
            }
            shown.append(entry)
    return shown


def bridges(seen: Snapshot, only: Filter) -> list[dict[str, Any]]:
    """Bridges of the database, with the device of their local port."""
    shown = []
    for name, found in sorted(seen.database.rows.bridges.items() if seen.database else ()):
        link = seen.devices.get(name)
        entry: dict[str, Any] = {
            "name": name,
            **database_view.bridge(found),
            "ports": sorted(port for port in found.ports.values() if port != name),
            "up": bool(link and link.up),
            "mtu": link.mtu if link else None,
            "address": sorted(seen.kernel.addresses.get(link.ifindex, ()) if link else ()),
        }
        datapath = SYSTEM if found.datapath_type == "system" else None
        if only.takes(datapath, name, found.owner):
            shown.append(entry)
    return shown


def tunnels(seen: Snapshot, only: Filter) -> list[dict[str, Any]]:
    """Tunnels of the database, each with the kernel vport that serves it."""
    if seen.database is None:
        return []
    shown = []
    for name, row in sorted(seen.database.rows.tunnels.items()):
        bridge = seen.database.rows.bridges.get(row.bridge)
        system = bridge is None or bridge.datapath_type == "system"
        if not only.takes(SYSTEM if system else None, row.bridge, row.owner):
            continue
        entry = {
            "name": name,
            "ofport": row.ofport,
            **database_view.tunnel(row),
            "dst_port": options.dst_port(row.options),
            "vport": _vport(seen, options.dst_port(row.options)) if system else None,
            "statistics": dict(seen.database.statistics.get(name, {})),
        }
        if seen.database.bfd.get(name):
            entry["bfd_status"] = dict(seen.database.bfd[name])
        shown.append(entry)
    return shown


def _vport(seen: Snapshot, port: int) -> dict[str, Any] | None:
    link = seen.devices.get(f"vxlan_sys_{port}")
    if link is None:
        return None
    datapath, vport = seen.vports.get(link.ifindex, (None, None))
    return {
        "name": link.name,
        "up": link.up,
        "datapath": datapath.name if datapath else None,
        "port_no": vport.port_no if vport else None,
    }


def udp(seen: Snapshot, ports: set[int]) -> list[dict[str, Any]]:
    """Who holds the UDP ports that VXLAN uses here."""
    return [
        {
            "port": socket.port,
            "family": f"ipv{socket.family}",
            "address": socket.address,
            "devices": holders.devices(seen, socket.port),
            "holder": socket.holder or "the kernel",
        }
        for socket in sorted(
            seen.around.sockets, key=lambda one: (one.port, one.family, one.address)
        )
        if socket.port in ports
    ]


def unseen(seen: Snapshot) -> bool:
    """A holder of a UDP port of VXLAN could not be told."""
    ports = udp_ports(seen)
    return any(one.holder == UNSEEN and one.port in ports for one in seen.around.sockets)


def udp_ports(seen: Snapshot) -> set[int]:
    """The UDP ports that any VXLAN device or tunnel of the host uses, and the usual one."""
    found = {state.attrs["dst_port"] for state in port_states(seen.kernel).values()}
    rows = seen.database.rows.tunnels.values() if seen.database else ()
    return found | {options.dst_port(row.options) for row in rows} | {4789}


def counters(seen: Snapshot) -> Mapping[str, int]:
    """Error counters that verdicts rest on, to be handed to a later look as its baseline."""
    found = {checksum_key(family): total for family, total in seen.around.checksum_errors.items()}
    for link in seen.kernel.links.values():
        if link.kind == "vxlan":
            found[decap_key(link.name)] = link.statistics.get("rx_errors", 0)
    return found
