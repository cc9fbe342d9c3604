# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes of a VXLAN device: one table for reading, comparing and writing.

Numbers and types are those of ``enum IFLA_VXLAN_*`` in include/uapi/linux/if_link.h, defaults
and what changes in place those of drivers/net/vxlan/vxlan_core.c vxlan_nl2conf() (Linux 6.1).
"""

from __future__ import annotations

from typing import Any

from ..core.record import dataclass


@dataclass(frozen=True)
class Attribute:
    """One attribute of IFLA_INFO_DATA.

    :param name: as in the model, in results and in reasons.
    :param number: IFLA_VXLAN_*.
    :param wire: ``u8``, ``u32``, ``be16``, ``be32``, ``bool`` (u8), ``flag``, ``ports``, ``ip``.
    :param default: value of a device that nobody asked anything of.
    :param in_place: a live device takes a new value by RTM_NEWLINK without NLM_F_CREATE.
    :param nla: the attribute's name in pyroute2.
    """

    name: str
    number: int
    wire: str
    default: Any
    in_place: bool
    nla: str


def _table(*rows: tuple[str, int, str, Any, bool, str]) -> dict[str, Attribute]:
    return {row[0]: Attribute(*row[:5], nla=f"IFLA_VXLAN_{row[5]}") for row in rows}


ATTRIBUTES: dict[str, Attribute] = _table(
    ("vni", 1, "u32", 0, False, "ID"),
    ("group", 2, "ip", None, True, "GROUP"),
    ("local_ip", 4, "ip", None, True, "LOCAL"),
    ("ttl", 5, "u8", 0, True, "TTL"),
    ("tos", 6, "u8", 0, True, "TOS"),
    ("learning", 7, "bool", True, True, "LEARNING"),
    ("ageing", 8, "u32", 300, True, "AGEING"),
    ("limit", 9, "u32", 0, False, "LIMIT"),
    ("src_port_range", 10, "ports", (0, 0), False, "PORT_RANGE"),
    ("proxy", 11, "bool", False, False, "PROXY"),
    ("rsc", 12, "bool", False, False, "RSC"),
    ("l2miss", 13, "bool", False, False, "L2MISS"),
    ("l3miss", 14, "bool", False, False, "L3MISS"),
    ("dst_port", 15, "be16", 8472, False, "PORT"),
    ("udp_csum", 18, "bool", True, False, "UDP_CSUM"),
    ("udp_zero_csum6_tx", 19, "bool", False, False, "UDP_ZERO_CSUM6_TX"),
    ("udp_zero_csum6_rx", 20, "bool", False, False, "UDP_ZERO_CSUM6_RX"),
    ("remcsum_tx", 21, "bool", False, False, "REMCSUM_TX"),
    ("remcsum_rx", 22, "bool", False, False, "REMCSUM_RX"),
    ("gbp", 23, "flag", False, False, "GBP"),
    ("remcsum_nopartial", 24, "flag", False, False, "REMCSUM_NOPARTIAL"),
    ("external", 25, "bool", False, False, "COLLECT_METADATA"),
    ("label", 26, "be32", 0, True, "LABEL"),
    ("gpe", 27, "flag", False, False, "GPE"),
    ("ttl_inherit", 28, "bool", False, False, "TTL_INHERIT"),
    ("df", 29, "u8", 0, True, "DF"),
)
DEFAULTS: dict[str, Any] = {name: attribute.default for name, attribute in ATTRIBUTES.items()}

LINK = 3  # IFLA_VXLAN_LINK: ifindex of the lower device; kept apart from the table
GROUP6 = 16
LOCAL6 = 17

# VXLAN_F_RCV_FLAGS, include/net/vxlan.h: devices on one UDP port must agree on these.
RECEIVE_FLAGS = ("gbp", "gpe", "udp_zero_csum6_rx", "remcsum_rx", "remcsum_nopartial", "external")

DF_NAMES = ("unset", "set", "inherit")
# Outer Ethernet, IP, UDP and VXLAN headers: VXLAN_HEADROOM and VXLAN6_HEADROOM.
OVERHEAD = {4: 50, 6: 70}
# ETH_MIN_MTU, include/uapi/linux/if_ether.h
MTU_MIN = 68
# What ovs-vswitchd gives a device of its own, lib/dpif-netlink-rtnl.c.
EXTERNAL_MTU = 65000
# IP_MAX_MTU, what the kernel's own vport class gives, net/openvswitch/vport-vxlan.c.
LEGACY_MTU = 65535
