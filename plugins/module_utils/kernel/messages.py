# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Message classes: those of pyroute2 for devices, and ours on top of it for openvswitch."""

from __future__ import annotations

from typing import Any

from . import pyroute2


class _Missing:
    """In place of a class of pyroute2; namespace.check_writer() has said so before it is used."""

    fields: tuple[tuple[str, str], ...] = ()


genlmsg: Any
nla: Any
genlmsg, nla, ifaddrmsg, ifinfmsg, ndmsg = pyroute2.classes() or (_Missing,) * 5


class ovsmsg(genlmsg):  # type: ignore[misc]
    """A generic netlink message with ``struct ovs_header``."""

    fields = (*genlmsg.fields, ("dp_ifindex", "i"))


class dpmsg(ovsmsg):
    """enum ovs_datapath_attr."""

    nla_map = (
        (0, "UNSPEC", "none"),
        (1, "NAME", "asciiz"),
        (2, "UPCALL_PID", "uint32"),
        (5, "USER_FEATURES", "uint32"),
    )


class vportmsg(ovsmsg):
    """enum ovs_vport_attr."""

    nla_map = (
        (0, "UNSPEC", "none"),
        (1, "PORT_NO", "uint32"),
        (2, "TYPE", "uint32"),
        (3, "NAME", "asciiz"),
        (4, "OPTIONS", "options"),
        (5, "UPCALL_PID", "array(uint32)"),
    )

    class options(nla):  # type: ignore[misc]
        """enum of OVS_TUNNEL_ATTR_*; the port is in host order."""

        nla_map = ((0, "UNSPEC", "none"), (1, "DST_PORT", "uint16"), (2, "EXTENSION", "extension"))

        class extension(nla):  # type: ignore[misc]
            """OVS_VXLAN_EXT_*."""

            nla_map = ((0, "UNSPEC", "none"), (1, "GBP", "flag"))


class flowmsg(ovsmsg):
    """enum ovs_flow_attr, as far as a wildcard flow from port to port needs it."""

    nla_map = (
        (0, "UNSPEC", "none"),
        (1, "KEY", "key"),
        (2, "ACTIONS", "actions"),
        (7, "MASK", "key"),
        (9, "UFID", "cdata"),
    )

    class key(nla):  # type: ignore[misc]
        """enum ovs_key_attr."""

        nla_map = (
            (0, "UNSPEC", "none"),
            (3, "IN_PORT", "uint32"),
            (4, "ETHERNET", "cdata"),
            (6, "ETHERTYPE", "be16"),
        )

    class actions(nla):  # type: ignore[misc]
        """enum ovs_action_attr."""

        nla_map = ((0, "UNSPEC", "none"), (1, "OUTPUT", "uint32"))
