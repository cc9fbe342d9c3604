# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the parameters of ``ovs_vxlan_port`` to what is wanted; pure.

Everything that can be known to be wrong without looking at the system is refused here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ..core import arguments, validate
from ..core.errors import InputError
from ..core.ownership import check_owner
from . import desired_values as values
from .attributes import DEFAULTS, DF_NAMES
from .model import PORT_NO_MAX, PortSet, PortSpec

OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "detached", "absent"]},
    "datapath": {"type": "str"},
    "port_no": {"type": "int"},
    "dst_port": {"type": "int"},
    "vni": {"type": "int"},
    "local_ip": {"type": "str"},
    "remotes": {"type": "list", "elements": "str"},
    "dev": {"type": "str"},
    "mtu": {"type": "str"},
    "ttl": {"type": "str"},
    "tos": {"type": "str"},
    "df": {"type": "str", "choices": list(DF_NAMES)},
    "learning": {"type": "bool"},
    "ageing": {"type": "int"},
    "extensions": {"type": "list", "elements": "str", "choices": ["gbp", "gpe"]},
    "udp_csum": {"type": "bool"},
    "udp_zero_csum6_tx": {"type": "bool"},
    "udp_zero_csum6_rx": {"type": "bool"},
    "src_port_range": {"type": "list", "elements": "int"},
    "mac_address": {"type": "str"},
    "vport_type": {"type": "str", "choices": ["netdev", "vxlan"]},
    "adopt": {"type": "bool"},
    "recreate": {"type": "str", "choices": ["auto", "never"]},
}
# Options that say how packets leave; a device without VNI takes that from the flow instead.
_NEED_VNI = ("remotes", "ttl", "tos", "df", "learning", "ageing")
# All that the kernel's own vport class takes: vxlan_tnl_create(), net/openvswitch/vport-vxlan.c.
_LEGACY = {"name", "state", "datapath", "port_no", "dst_port", "mtu", "extensions", "mac_address"}
_LEGACY |= {"vport_type", "adopt", "recreate"}


def port_set(params: Mapping[str, Any]) -> PortSet:
    """All that a task declares. Raises InputError; nothing has been read or touched then."""
    specs = tuple(
        port_spec(where, options) for where, options in arguments.entries(params, OPTIONS, "ports")
    )
    _check_set(specs)
    return PortSet(
        specs,
        check_owner(params.get("owner") or "default"),
        bool(params.get("purge")),
        frozenset(params.get("check_mode_assume") or ()),
    )


def port_spec(where: str, options: Mapping[str, Any]) -> PortSpec:
    """One checked port from its options, shared defaults already merged."""
    name = _port_name(options["name"], where)
    state = options.get("state") or "present"
    legacy = options.get("vport_type") == "vxlan"
    _check_shape(where, state, legacy, options)
    port_no, dev, mac = options.get("port_no"), options.get("dev"), options.get("mac_address")
    remotes = options.get("remotes")
    attrs = DEFAULTS if state == "absent" else values.attributes(where, legacy, options)
    spec = PortSpec(
        where=where,
        name=name,
        state=state,
        datapath=_datapath_name(options.get("datapath"), where),
        port_no=None
        if port_no is None
        else validate.integer(port_no, 1, PORT_NO_MAX, where, "port_no"),
        legacy=legacy,
        attrs=attrs,
        dev=None if dev is None else validate.device_name(dev, where, "dev"),
        mtu=values.mtu(where, options.get("mtu")),
        mac=None if mac is None else validate.mac_address(mac, where),
        remotes=None if remotes is None else values.remotes(where, remotes, attrs),
        adopt=bool(options.get("adopt")),
        recreate=options.get("recreate") != "never",
    )
    if state != "absent":
        _check_devices(spec)
    return spec


def _check_devices(spec: PortSpec) -> None:
    """The port, its datapath and its underlay device are three devices; link-local needs one."""
    for what, name in (("datapath", spec.datapath), ("dev", spec.dev)):
        if name == spec.name:
            raise InputError(
                f"{spec.where}: {what} {name!r} is the port itself",
                remedy=f"give the port another name than its {what}",
            )
    for text in sorted({spec.attrs["local_ip"], *(spec.remotes or ())} - {None}):
        parsed = ipaddress.ip_address(text)
        if spec.dev is None and parsed.version == 6 and parsed.is_link_local:
            raise InputError(
                f"{spec.where}: {text} is link-local and no dev is given",
                remedy="name the underlay device by 'dev', or use global addresses",
            )


def _port_name(name: str, where: str) -> str:
    validate.device_name(name, where)
    if name.startswith("vxlan_sys_"):
        raise InputError(
            f"{where}: names that start with 'vxlan_sys_' belong to ovs-vswitchd, "
            "which deletes devices of that name",
            remedy="choose another name, or declare a tunnel by tunnelmesh.ovs.ovs_vxlan_tunnel",
        )
    return name


def _datapath_name(name: str | None, where: str) -> str | None:
    if name is None:
        return None
    if name == "ovs-system":
        raise InputError(
            f"{where}: datapath 'ovs-system' is owned by ovs-vswitchd, which deletes "
            "vports that it did not make within milliseconds",
            remedy="use tunnelmesh.ovs.ovs_vxlan_tunnel for bridges of ovs-vswitchd",
        )
    return validate.device_name(name, where, "datapath")


def _check_shape(where: str, state: str, legacy: bool, options: Mapping[str, Any]) -> None:
    """Which options go together."""
    if state == "present" and not options.get("datapath"):
        raise InputError(
            f"{where}: state 'present' links the port to a datapath and none is named",
            remedy="name it by 'datapath', or ask for state 'detached'",
        )
    if state == "detached" and options.get("port_no") is not None:
        raise InputError(
            f"{where}: port_no and state 'detached' exclude each other: only a linked port "
            "has a number",
            remedy="leave out port_no",
        )
    if legacy and state == "detached":
        raise InputError(
            f"{where}: a port of vport_type 'vxlan' cannot be detached: the kernel deletes its "
            "device together with the vport",
            remedy="use vport_type 'netdev', or state 'absent'",
        )
    if legacy:
        extra = sorted(key for key in options if options[key] is not None and key not in _LEGACY)
        if extra:
            raise InputError(
                f"{where}: vport_type 'vxlan' does not take {', '.join(extra)}: the kernel's own "
                "vport class knows only dst_port and gbp",
                remedy="use vport_type 'netdev'",
            )
    if options.get("vni") is None and state != "absent":
        extra = [key for key in _NEED_VNI if options.get(key) is not None]
        if extra:
            raise InputError(
                f"{where}: without vni the device takes its tunnel from the flows, "
                f"so {', '.join(extra)} would have no effect",
                remedy="give a vni, or leave these options out",
            )


def _check_set(specs: tuple[PortSpec, ...]) -> None:
    """What two declared ports must not share."""
    numbers: dict[tuple[str, int], PortSpec] = {}
    for spec in specs:
        if spec.state != "present" or spec.port_no is None or spec.datapath is None:
            continue
        other = numbers.setdefault((spec.datapath, spec.port_no), spec)
        if other is not spec:
            raise InputError(
                f"{spec.where}: port_no {spec.port_no} of datapath {spec.datapath} is also asked "
                f"for by {other.where}",
                remedy="give every port of a datapath a number of its own, or none",
            )
