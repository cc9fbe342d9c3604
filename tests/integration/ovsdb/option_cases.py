"""Every option of a tunnel and of a bridge with values, and where they must show; no test itself.

A unit test fails when the argument spec has an option that is missing here.
"""

from __future__ import annotations

from typing import Any

from tests.integration.ovsdb.hidden import SECRETS

# option, value; column of Interface or Port; what ovs-vsctl shows
TUNNEL: list[tuple[dict[str, Any], str, Any]] = [
    ({"remote_ip": "198.18.0.99"}, "options:remote_ip", "198.18.0.99"),
    ({"remote_ip": "fd00:198:18::12"}, "options:remote_ip", "fd00:198:18::12"),
    ({"remote_ip": "FD00:198:18:0::12"}, "options:remote_ip", "fd00:198:18::12"),
    ({"remote_ip": "flow"}, "options:remote_ip", "flow"),
    ({"local_ip": "198.18.0.11"}, "options:local_ip", "198.18.0.11"),
    ({"remote_ip": "flow", "local_ip": "flow"}, "options:local_ip", "flow"),
    ({"key": "16777215"}, "options:key", "16777215"),
    ({"key": "0x10"}, "options:key", "16"),
    ({"key": "flow"}, "options:key", "flow"),
    ({"in_key": "7"}, "options:in_key", "7"),
    ({"in_key": "7", "out_key": "8"}, "options:out_key", "8"),
    ({"dst_port": 4790}, "options:dst_port", "4790"),
    ({"ttl": "9"}, "options:ttl", "9"),
    ({"ttl": "inherit"}, "options:ttl", "inherit"),
    ({"tos": "184"}, "options:tos", "184"),
    ({"tos": "inherit"}, "options:tos", "inherit"),
    ({"df_default": False}, "options:df_default", "false"),
    ({"csum": True}, "options:csum", "true"),
    ({"extensions": ["gbp"]}, "options:exts", "gbp"),
    ({"extensions": ["gpe"]}, "options:exts", "gpe"),
    ({"extensions": ["gpe"], "packet_type": "legacy_l3"}, "options:packet_type", "legacy_l3"),
    ({"extensions": ["gpe"], "packet_type": "ptap"}, "options:packet_type", "ptap"),
    ({"egress_pkt_mark": 4294967295}, "options:egress_pkt_mark", "4294967295"),
    *(({name: secret}, f"options:{name}", secret) for name, secret in SECRETS.items()),
    ({"ofport_request": 77}, "ofport_request", 77),
    ({"ofport_request": 78}, "ofport", 78),
    ({"mac": "02:00:00:00:00:AB"}, "mac", "02:00:00:00:00:ab"),
    ({"external_ids": {"role": "uplink"}}, "external_ids:role", "uplink"),
    ({"bfd": {"enable": False}}, "bfd:enable", "false"),
    ({"bfd": {"enable": True, "min_rx": 500}}, "bfd:min_rx", "500"),
    ({"bfd": {"enable": True, "min_tx": 400}}, "bfd:min_tx", "400"),
    ({"bfd": {"enable": True, "decay_min_rx": 3000}}, "bfd:decay_min_rx", "3000"),
    ({"bfd": {"forwarding_if_rx": True}}, "bfd:forwarding_if_rx", "true"),
    ({"bfd": {"cpath_down": True}}, "bfd:cpath_down", "true"),
    ({"bfd": {"check_tnl_key": True}}, "bfd:check_tnl_key", "true"),
    ({"bfd": {"mult": 5}}, "bfd:mult", "5"),
    ({"bfd": {"oam": True}}, "bfd:oam", "true"),
    (
        {"bfd": {"bfd_local_src_mac": "02:00:00:00:00:0A"}},
        "bfd:bfd_local_src_mac",
        "02:00:00:00:00:0a",
    ),
    (
        {"bfd": {"bfd_local_dst_mac": "02:00:00:00:00:0B"}},
        "bfd:bfd_local_dst_mac",
        "02:00:00:00:00:0b",
    ),
    (
        {"bfd": {"bfd_remote_dst_mac": "02:00:00:00:00:0C"}},
        "bfd:bfd_remote_dst_mac",
        "02:00:00:00:00:0c",
    ),
    ({"bfd": {"bfd_src_ip": "169.254.1.2"}}, "bfd:bfd_src_ip", "169.254.1.2"),
    ({"bfd": {"bfd_dst_ip": "169.254.1.1"}}, "bfd:bfd_dst_ip", "169.254.1.1"),
    ({"tag": 42}, "port:tag", 42),
    ({"trunks": [5, 3]}, "port:trunks", ["set", [3, 5]]),
    ({"tag": 1, "trunks": [2], "vlan_mode": "native-tagged"}, "port:vlan_mode", "native-tagged"),
    ({"protected": True}, "port:protected", True),
]
BRIDGE: dict[str, Any] = {
    "name": "br0",
    "fail_mode": "secure",
    "mcast_snooping_enable": True,
    "other_config": {"hwaddr": "02:00:00:00:00:AA"},
    "external_ids": {"site": "north"},
    "mtu": 1400,
    "address": ["192.0.2.1/24", "2001:db8::1/64"],
}
# Options that are no column: the test that shows each at work.
ELSEWHERE = {
    "name": "test_lifecycle.py::test_a_tunnel_is_renamed_with_the_same_remote_and_key",
    "state": "test_ownership.py::test_adopt_takes_over_and_cleans_up",
    "bridge": "test_lifecycle.py::test_a_tunnel_moves_to_another_bridge_with_its_row",
    "adopt": "test_ownership.py::test_adopt_takes_over_and_cleans_up",
    "owner": "test_ownership.py::test_owners_live_side_by_side",
    "purge": "test_lifecycle.py::test_a_compact_mesh_from_nothing_to_nothing",
    "netns": "test_remote.py::test_a_network_namespace_is_another_host_too",
    "tunnels": "test_lifecycle.py::test_two_tunnels_swap_their_remotes",
    "remotes": "test_lifecycle.py::test_a_compact_mesh_from_nothing_to_nothing",
    "name_prefix": "test_lifecycle.py::test_a_compact_mesh_from_nothing_to_nothing",
    "bridges": "test_bridges.py::test_every_option_of_a_bridge",
    "rollback": "test_failures.py::test_rollback_false_keeps_the_failed_state",
    "wait_timeout": "test_failures.py::test_vswitchd_stopped",
    "verify_kernel": "test_remote.py::test_a_database_of_another_host",
    "database": "test_remote.py::test_a_database_of_this_host_is_the_same_by_any_way",
    "database_private_key": "test_remote.py::test_what_does_not_connect_says_why",
    "database_certificate": "test_remote.py::test_what_does_not_connect_says_why",
    "database_ca_cert": "test_remote.py::test_what_does_not_connect_says_why",
    "bridges.state": "test_bridges.py::test_force_removes_a_bridge_with_ports_of_others",
    "bridges.force": "test_bridges.py::test_force_removes_a_bridge_with_ports_of_others",
    "bridges.adopt": "test_ownership.py::test_what_is_not_ours_is_refused",
    "bridges.up": "test_bridges.py::test_what_is_omitted_stays_and_the_rest_changes_in_place",
    "bridges.datapath_type": "test_bridges.py::test_userspace_datapath_is_checked_by_its_own_means",
}
