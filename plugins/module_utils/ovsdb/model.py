# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the management plane is made of: what was read, and what is wanted; pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.ownership import EXTERNAL_ID_OWNER
from ..core.record import dataclass, field

# Which keys of shared map columns the last run declared, as "column:key" separated by spaces:
# what is no longer declared is removed, what others wrote stays.
EXTERNAL_ID_KEYS = "tunnelmesh-keys"
OUR_PREFIX = "tunnelmesh-"

# Columns that describe a tunnel completely, by table, with what they are when nothing is asked.
TUNNEL_COLUMNS: dict[str, dict[str, Any]] = {
    "Interface": {"options": {}, "bfd": {}, "mac": None, "ofport_request": None},
    "Port": {"tag": None, "trunks": frozenset(), "vlan_mode": None, "protected": False},
}
# Columns of a bridge that are set when they are asked for, and left alone when not.
BRIDGE_COLUMNS = ("fail_mode", "datapath_type", "mcast_snooping_enable")
# Columns of a bridge that refer to rows of their own, with the table of those.
BRIDGE_CHILDREN = {
    "controller": "Controller",
    "mirrors": "Mirror",
    "netflow": "NetFlow",
    "sflow": "sFlow",
    "ipfix": "IPFIX",
    "auto_attach": "AutoAttach",
}
DEFAULT_DST_PORT = 4789


@dataclass(frozen=True)
class Tunnel:
    """An Interface row of type vxlan with its Port row.

    :param columns: those of TUNNEL_COLUMNS, flat: the two tables share no name among them.
    :param ofport: OpenFlow port number; None: not processed yet, -1: refused.
    :param error: what ovs-vswitchd says against it, or empty.
    :param interfaces: how many interfaces the port has; more than one is a bond.
    """

    name: str
    bridge: str
    columns: Mapping[str, Any]
    external_ids: Mapping[str, str] = field(default_factory=dict)
    ofport: int | None = None
    error: str = ""
    port_name: str = ""
    port_uuid: str = ""
    uuid: str = ""
    interfaces: int = 1

    @property
    def owner(self) -> str | None:
        """Whose mark it carries."""
        return self.external_ids.get(EXTERNAL_ID_OWNER)

    @property
    def options(self) -> Mapping[str, str]:
        """Column ``options``."""
        options: Mapping[str, str] = self.columns["options"]
        return options

    @property
    def broken(self) -> bool:
        """Refused by ovs-vswitchd; a reserved name has no error text, only ofport -1."""
        return bool(self.error) or (self.ofport is not None and self.ofport <= 0)


@dataclass(frozen=True)
class OtherPort:
    """A port that is no VXLAN tunnel: only what collisions and ownership need."""

    name: str
    bridge: str
    type: str
    ofport_request: int | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Bridge:
    """A Bridge row with the Interface row of its local port.

    :param columns: those of BRIDGE_COLUMNS, and ``other_config``.
    :param made: ovs-vswitchd has made it, since its local port has an OpenFlow number.
    :param ports: UUID of each Port row -> its name.
    :param interfaces: UUIDs of all Interface rows of its ports.
    :param children: rows of other tables that hang on it, as (table, UUID).
    """

    name: str
    columns: Mapping[str, Any]
    external_ids: Mapping[str, str] = field(default_factory=dict)
    uuid: str = ""
    made: bool = True
    ports: Mapping[str, str] = field(default_factory=dict)
    interfaces: tuple[str, ...] = ()
    children: tuple[tuple[str, str], ...] = ()
    local_uuid: str = ""
    mtu_request: int | None = None
    mtu: int | None = None

    @property
    def owner(self) -> str | None:
        """Whose mark it carries."""
        return self.external_ids.get(EXTERNAL_ID_OWNER)

    @property
    def datapath_type(self) -> str:
        """``system`` or ``netdev``; an empty column means ``system``."""
        return str(self.columns.get("datapath_type") or "system")


@dataclass(frozen=True)
class Device:
    """The kernel device behind all tunnels of one UDP port: ``vxlan_sys_<dst_port>``.

    :param datapath: name of the kernel datapath that it is linked to.
    :param sockets: IP versions with its UDP port open.
    """

    dst_port: int
    present: bool = False
    up: bool = False
    datapath: str | None = None
    port_no: int | None = None
    external: bool = True
    extensions: frozenset[str] = frozenset()
    kind: str = "vxlan"
    sockets: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """Name that ovs-vswitchd gives it: netdev_vport_get_dpif_port(), lib/netdev-vport.c."""
        return f"vxlan_sys_{self.dst_port}"


@dataclass(frozen=True)
class LocalPort:
    """The network device of a bridge's local port."""

    up: bool
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kernel:
    """The kernel's side, as far as tunnels need it.

    :param devices: by UDP port, for every port that a tunnel on a system datapath uses.
    :param local: local ports by bridge name.
    :param taken: bridge name -> kind of a device of that name that is no local port.
    :param clashes: UDP port -> who else holds it, for ports without a device of their own.
    :param ipv6: a device other than the loopback has an IPv6 address.
    :param per_cpu: upcalls are dispatched per CPU, so a vport needs no socket of its own.
    :param userspace: UDP ports that the userspace datapath listens on.
    """

    devices: Mapping[int, Device] = field(default_factory=dict)
    local: Mapping[str, LocalPort] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    clashes: Mapping[int, str] = field(default_factory=dict)
    ipv6: bool = True
    per_cpu: bool = True
    userspace: frozenset[int] | None = None


@dataclass(frozen=True)
class Observed:
    """One snapshot of the database, and of the kernel where it is on this host.

    :param tunnels: VXLAN interfaces by name.
    :param others: all other ports and interfaces by name.
    """

    bridges: Mapping[str, Bridge] = field(default_factory=dict)
    tunnels: Mapping[str, Tunnel] = field(default_factory=dict)
    others: Mapping[str, OtherPort] = field(default_factory=dict)
    root: str = ""
    next_cfg: int = 0
    cur_cfg: int = 0
    kernel: Kernel | None = None


@dataclass(frozen=True)
class TunnelSpec:
    """One declared tunnel, checked; ``columns`` as in Tunnel."""

    where: str
    name: str
    state: str
    bridge: str
    columns: Mapping[str, Any]
    external_ids: Mapping[str, str]
    adopt: bool


@dataclass(frozen=True)
class BridgeSpec:
    """One declared bridge, checked; None and missing columns mean: left alone."""

    where: str
    name: str
    state: str
    columns: Mapping[str, Any]
    other_config: Mapping[str, str] | None
    external_ids: Mapping[str, str] | None
    mtu: int | None
    up: bool | None
    addresses: tuple[str, ...] | None
    adopt: bool
    force: bool


@dataclass(frozen=True)
class Desired:
    """What one task declares.

    :param purge_bridges: bridges are declared completely as well.
    """

    tunnels: tuple[TunnelSpec, ...]
    bridges: tuple[BridgeSpec, ...]
    owner: str
    purge: bool = False
    purge_bridges: bool = False
