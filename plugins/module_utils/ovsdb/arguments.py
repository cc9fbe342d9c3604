# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec of ovs_vxlan_tunnel; the documentation in the module says what it means."""

from __future__ import annotations

from typing import Any

from ..core import arguments

_BFD: dict[str, Any] = {
    "enable": {"type": "bool"},
    "min_rx": {"type": "int"},
    "min_tx": {"type": "int"},
    "decay_min_rx": {"type": "int"},
    "forwarding_if_rx": {"type": "bool"},
    "cpath_down": {"type": "bool"},
    "check_tnl_key": {"type": "bool"},
    "mult": {"type": "int"},
    "oam": {"type": "bool"},
    "bfd_local_src_mac": {"type": "str"},
    "bfd_local_dst_mac": {"type": "str"},
    "bfd_remote_dst_mac": {"type": "str"},
    "bfd_src_ip": {"type": "str"},
    "bfd_dst_ip": {"type": "str"},
}
TUNNEL: dict[str, Any] = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "bridge": {"type": "str"},
    "remote_ip": {"type": "str"},
    "local_ip": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "in_key": {"type": "str", "no_log": False},
    "out_key": {"type": "str", "no_log": False},
    "dst_port": {"type": "int"},
    "ttl": {"type": "str"},
    "tos": {"type": "str"},
    "df_default": {"type": "bool"},
    "csum": {"type": "bool"},
    "extensions": {"type": "list", "elements": "str", "choices": ["gbp", "gpe"]},
    "egress_pkt_mark": {"type": "int"},
    "packet_type": {"type": "str", "choices": ["legacy_l2", "legacy_l3", "ptap"]},
    "psk": {"type": "str", "no_log": True},
    "remote_cert": {"type": "str", "no_log": True},
    "remote_name": {"type": "str", "no_log": True},
    "ofport_request": {"type": "int"},
    "mac": {"type": "str"},
    "tag": {"type": "int"},
    "trunks": {"type": "list", "elements": "int"},
    "vlan_mode": {
        "type": "str",
        "choices": ["access", "trunk", "native-tagged", "native-untagged"],
    },
    "protected": {"type": "bool"},
    "bfd": {"type": "dict", "options": _BFD},
    "external_ids": {"type": "dict"},
    "adopt": {"type": "bool"},
}
BRIDGE: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "fail_mode": {"type": "str", "choices": ["standalone", "secure"]},
    "datapath_type": {"type": "str", "choices": ["system", "netdev"]},
    "mcast_snooping_enable": {"type": "bool"},
    "other_config": {"type": "dict"},
    "external_ids": {"type": "dict"},
    "mtu": {"type": "int"},
    "up": {"type": "bool"},
    "address": {"type": "list", "elements": "str"},
    "adopt": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
}


def spec() -> dict[str, Any]:
    """The whole argument spec."""
    return arguments.spec(
        TUNNEL,
        "tunnels",
        remotes={"type": "list", "elements": "str"},
        name_prefix={"type": "str", "default": "vx"},
        bridges={"type": "list", "elements": "dict", "options": BRIDGE},
        rollback={"type": "bool", "default": True},
        wait_timeout={"type": "int", "default": 30},
        verify_kernel={"type": "bool"},
        database={"type": "str", "default": "unix:/var/run/openvswitch/db.sock"},
        database_private_key={"type": "path", "no_log": False},
        database_certificate={"type": "path"},
        database_ca_cert={"type": "path"},
    )
