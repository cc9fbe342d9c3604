# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From steps to netlink messages, by pyroute2's message classes.

Only what changes the system is encoded here, so pyroute2 is imported only when there is
something to do. Its traps are kept inside this file: flags are sent on mere presence, the flow
label is not converted to network order, IPv6 has attributes of its own, and ``ifalias`` is not
looked at in a message that creates a device.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any

from .attributes import ATTRIBUTES, DEFAULTS
from .messages import dpmsg, flowmsg, ifaddrmsg, ifinfmsg, ndmsg, vportmsg
from .model import TYPE_NETDEV, TYPE_VXLAN, PortState
from .transport import ECHO, Request

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
CREATE, EXCL, APPEND = 0x400, 0x200, 0x800
IFF_UP = 1
IFA_F_NODAD = 2
AF_BRIDGE = 7
FLOOD_MAC = "00:00:00:00:00:00"
NUD_PERMANENT_NOARP = 0xC0
NTF_SELF = 0x2
OVS_NEW, OVS_DEL, OVS_SET = 1, 2, 4
OVS_DP_F_UNALIGNED = 1


def _request(
    message: Any, kind: int, attrs: list[Any], flags: int, generic: bool = False
) -> Request:
    message["attrs"] = attrs
    message.encode()
    return Request(kind, bytes(message.data[16:]), flags, generic)


def _link_request(
    kind: int,
    attrs: list[Any],
    flags: int = 0,
    up: bool | None = None,
    ifindex: int = 0,
) -> Request:
    message = ifinfmsg()
    message["index"] = ifindex
    if up is not None:
        message["flags"], message["change"] = IFF_UP if up else 0, IFF_UP
    return _request(message, kind, attrs, flags)


def vxlan_data(attrs: Mapping[str, Any], family: int | None = None) -> list[list[Any]]:
    """VXLAN attributes for IFLA_INFO_DATA; ``family`` is needed where an address is cleared."""
    data: list[list[Any]] = []
    for name, value in attrs.items():
        attribute = ATTRIBUTES[name]
        if attribute.wire == "flag" or name == "ttl_inherit":
            if value:
                data.append([attribute.nla, True])
        elif attribute.wire == "ip":
            text = value or ("::" if family == 6 else "0.0.0.0")
            six = ipaddress.ip_address(text).version == 6
            data.append([attribute.nla + ("6" if six else ""), text])
        elif attribute.wire == "ports":
            data.append([attribute.nla, {"low": value[0], "high": value[1]}])
        elif attribute.wire == "be32":
            data.append([attribute.nla, socket.htonl(value)])
        else:
            data.append([attribute.nla, int(value)])
    return data


def _linkinfo(data: list[list[Any]]) -> list[Any]:
    return [
        "IFLA_LINKINFO",
        {"attrs": [["IFLA_INFO_KIND", "vxlan"], ["IFLA_INFO_DATA", {"attrs": data}]]},
    ]


def new_link(state: PortState, lower: int, token: int) -> Request:
    """Create the device: all attributes that are not the kernel's default, and IFF_UP."""
    asked = {
        name: value
        for name, value in state.attrs.items()
        if value != DEFAULTS[name] or name in ("vni", "dst_port", "learning")
    }
    if state.attrs["external"]:
        asked.pop("vni", None)
    if state.family == 6 and asked.get("local_ip") is None:
        asked["group"] = "::" if asked.get("group") is None else asked["group"]
    data = vxlan_data(asked)
    if lower:
        data.append(["IFLA_VXLAN_LINK", lower])
    attrs: list[Any] = [["IFLA_IFNAME", state.name], ["IFLA_MTU", state.mtu], ["IFLA_GROUP", token]]
    if state.mac:
        attrs.append(["IFLA_ADDRESS", state.mac])
    attrs.append(_linkinfo(data))
    return _link_request(RTM_NEWLINK, attrs, CREATE | EXCL, up=state.up)


def get_link(name: str) -> Request:
    """Ask for one device; its answer carries the ifindex."""
    return _link_request(RTM_GETLINK, [["IFLA_IFNAME", name]])


def set_link(name: str, changes: Mapping[str, Any]) -> Request:
    """Set what is not VXLAN's own: ``mtu``, ``mac``, ``alias``, ``link_group``, ``up``."""
    names = {"mtu": "IFLA_MTU", "mac": "IFLA_ADDRESS", "alias": "IFLA_IFALIAS"}
    names["link_group"] = "IFLA_GROUP"
    attrs: list[Any] = [["IFLA_IFNAME", name]]
    attrs += [[names[key], value] for key, value in changes.items() if key in names]
    return _link_request(RTM_NEWLINK, attrs, up=changes.get("up"))


def change_vxlan(name: str, changes: Mapping[str, Any], family: int | None) -> Request:
    """Change VXLAN attributes in place; only these are sent, an equal one may be refused."""
    attrs = [["IFLA_IFNAME", name], _linkinfo(vxlan_data(changes, family))]
    return _link_request(RTM_NEWLINK, attrs)


def del_link(ifindex: int) -> Request:
    """Delete a device by ifindex, so that a renamed one is still the one that is meant."""
    return _link_request(RTM_DELLINK, [], ifindex=ifindex)


def flood(ifindex: int, destination: str, add: bool) -> Request:
    """Append or delete one destination of the all-zero FDB entry."""
    message = ndmsg()
    message["family"], message["ifindex"] = AF_BRIDGE, ifindex
    message["state"], message["flags"] = NUD_PERMANENT_NOARP, NTF_SELF
    packed = ipaddress.ip_address(destination)
    attrs = [["NDA_LLADDR", FLOOD_MAC], ["NDA_DST", str(packed)]]
    kind, flags = (RTM_NEWNEIGH, CREATE | APPEND) if add else (RTM_DELNEIGH, 0)
    return _request(message, kind, attrs, flags)


def address(ifindex: int, text: str, add: bool, nodad: bool = False) -> Request:
    """Add or remove one ``address/prefix``.

    :param nodad: an IPv6 address is usable at once, nobody is asked whether it is taken.
    """
    interface = ipaddress.ip_interface(text)
    message = ifaddrmsg()
    message["family"] = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    message["prefixlen"], message["index"] = interface.network.prefixlen, ifindex
    attrs: list[Any] = [["IFA_LOCAL", str(interface.ip)], ["IFA_ADDRESS", str(interface.ip)]]
    if interface.version == 4 and interface.network.prefixlen < 31:
        attrs.append(["IFA_BROADCAST", str(interface.network.broadcast_address)])
    if nodad and interface.version == 6:
        message["flags"] = IFA_F_NODAD
    kind, flags = (RTM_NEWADDR, CREATE | EXCL) if add else (RTM_DELADDR, 0)
    return _request(message, kind, attrs, flags)


def _ovs(
    message: Any, family: int, command: int, version: int, dp: int, attrs: list[Any], flags: int = 0
) -> Request:
    message["cmd"], message["version"], message["dp_ifindex"] = command, version, dp
    return _request(message, family, attrs, flags, generic=True)


def new_datapath(family: int, name: str, upcall_pid: int) -> Request:
    """Create a datapath; its local port gets ``upcall_pid`` (ovs_dp_cmd_new())."""
    attrs: list[Any] = [["NAME", name], ["UPCALL_PID", upcall_pid]]
    attrs.append(["USER_FEATURES", OVS_DP_F_UNALIGNED])
    return _ovs(dpmsg(), family, OVS_NEW, 2, 0, attrs, ECHO)


def del_datapath(family: int, ifindex: int) -> Request:
    """Delete a datapath by ifindex."""
    return _ovs(dpmsg(), family, OVS_DEL, 2, ifindex, [])


def link_vport(family: int, dp: int, name: str, port_no: int, upcall_pid: int) -> Request:
    """Link an existing device: a vport of type NETDEV."""
    attrs = [["NAME", name], ["TYPE", TYPE_NETDEV], ["UPCALL_PID", [upcall_pid]]]
    attrs.append(["PORT_NO", port_no])
    return _ovs(vportmsg(), family, OVS_NEW, 1, dp, attrs)


def new_vxlan_vport(family: int, dp: int, state: PortState, token: int) -> Request:
    """Create device and vport at once by the kernel's own vport class (vxlan_create())."""
    options: list[Any] = [["DST_PORT", state.attrs["dst_port"]]]
    if state.attrs["gbp"]:
        options.append(["EXTENSION", {"attrs": [["GBP", True]]}])
    attrs = [["NAME", state.name], ["TYPE", TYPE_VXLAN], ["UPCALL_PID", [token]]]
    attrs += [["PORT_NO", state.port_no], ["OPTIONS", {"attrs": options}]]
    return _ovs(vportmsg(), family, OVS_NEW, 1, dp, attrs)


def set_upcall(family: int, dp: int, port_no: int, upcall_pid: int) -> Request:
    """Set the upcall port of a vport, by number: a name is stale after a rename."""
    attrs = [["PORT_NO", port_no], ["UPCALL_PID", [upcall_pid]]]
    return _ovs(vportmsg(), family, OVS_SET, 1, dp, attrs)


def del_vport(family: int, dp: int, port_no: int) -> Request:
    """Detach a vport by number; of the legacy class this deletes its device too."""
    return _ovs(vportmsg(), family, OVS_DEL, 1, dp, [["PORT_NO", port_no]])


def new_flow(family: int, dp: int, in_port: int, output: int, ufid: bytes) -> Request:
    """One wildcard flow: everything that comes in at ``in_port`` leaves at ``output``."""
    zeros = b"\0" * 12
    key = [["IN_PORT", in_port], ["ETHERNET", zeros]]
    mask = [["IN_PORT", 0xFFFFFFFF], ["ETHERNET", zeros], ["ETHERTYPE", 0]]
    attrs: list[Any] = [["UFID", ufid], ["KEY", {"attrs": key}], ["MASK", {"attrs": mask}]]
    attrs.append(["ACTIONS", {"attrs": [["OUTPUT", output]]}])
    return _ovs(flowmsg(), family, OVS_NEW, 1, dp, attrs, CREATE | EXCL)


def del_flow(family: int, dp: int, ufid: bytes) -> Request:
    """Delete one flow by its UFID."""
    return _ovs(flowmsg(), family, OVS_DEL, 1, dp, [["UFID", ufid]])
