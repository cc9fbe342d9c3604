# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task may say: everything that ovs-vswitchd would swallow is refused, with its message."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from tests.unit.ovsdb.builders import REMOTE, bridge, declare, tunnel

# The list in front is what ovs-vswitchd 3.1 takes silently, with a valid ofport and no error.
SWALLOWED: list[tuple[dict[str, Any], str]] = [
    ({"local_ip": "notanip"}, "local_ip 'notanip' is not an IP address"),
    ({"dst_port": 70000}, "dst_port 70000 is out of range"),
    ({"dst_port": 0}, "dst_port 0 is out of range"),
    ({"key": "banana"}, "key 'banana' is neither 'flow' nor a number from 0 to 16777215"),
    ({"key": "99999999"}, "key '99999999' is neither"),
    ({"key": "16777216"}, "key '16777216' is neither"),
    ({"key": "-1"}, "key '-1' is neither"),
    ({"key": "010"}, "key '010' is neither"),
    ({"key": "True"}, "key 'True' is neither"),
    ({"key": ""}, "key '' is neither"),
    ({"in_key": "1e3"}, "in_key '1e3' is neither"),
    ({"out_key": "0x1000000"}, "out_key '0x1000000' is neither"),
    ({"ttl": "xyz"}, "ttl 'xyz' is neither 'inherit' nor a number from 1 to 255"),
    ({"ttl": "0"}, "ttl '0' is neither"),
    ({"ttl": "256"}, "ttl '256' is neither"),
    ({"tos": "3"}, "tos 3 sets ECN bits"),
    ({"tos": "256"}, "tos '256' is neither"),
    ({"tos": "ef"}, "tos 'ef' is neither"),
    ({"name": "vxlan_sys_4789"}, "is reserved by ovs-vswitchd"),
    ({"name": "genev_sys_1"}, "is reserved by ovs-vswitchd"),
    ({"egress_pkt_mark": -1}, "egress_pkt_mark -1 is out of range"),
    ({"egress_pkt_mark": 1 << 32}, "egress_pkt_mark 4294967296 is out of range"),
    ({"packet_type": "ptap"}, "packet_type ptap needs the extension gpe"),
    ({"tag": 4095}, "tag 4095 is out of range"),
    ({"tag": -1}, "tag -1 is out of range"),
    ({"tag": 1, "trunks": [2]}, "trunks beside tag are ignored"),
    ({"vlan_mode": "access", "tag": 1, "trunks": [2]}, "trunks beside tag are ignored"),
    ({"vlan_mode": "access", "trunks": [2]}, "trunks are ignored with vlan_mode access"),
    ({"vlan_mode": "trunk", "tag": 1}, "tag is ignored with vlan_mode trunk"),
    ({"vlan_mode": "access"}, "vlan_mode access needs a tag"),
    ({"vlan_mode": "native-tagged"}, "vlan_mode native-tagged needs a tag"),
    ({"ofport_request": 0}, "ofport_request 0 is out of range"),
    ({"ofport_request": 65280}, "ofport_request 65280 is out of range"),
    ({"bfd": {"min_rx": 0}}, "bfd.min_rx 0 is out of range"),
    ({"bfd": {"mult": 256}}, "bfd.mult 256 is out of range"),
    ({"bfd": {"bfd_dst_ip": "fd00::1"}}, "bfd.bfd_dst_ip 'fd00::1' is not an IPv4 address"),
    ({"bfd": {"bfd_local_src_mac": "1:2"}}, "bfd.bfd_local_src_mac '1:2' is not an Ethernet"),
    ({"local_ip": "fd00::1"}, "are of different families"),
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"remote_ip": None}, "remote_ip is missing"),
    ({"remote_ip": "peer.example.org"}, "is not an IP address"),
    ({"remote_ip": "239.1.1.1"}, "is a multicast group"),
    ({"remote_ip": "0.0.0.0"}, "is the unspecified address"),
    ({"remote_ip": "127.0.0.1"}, "is a loopback address"),
    ({"remote_ip": "255.255.255.255"}, "is the broadcast address"),
    ({"remote_ip": "fe80::1%eth1"}, "carries a zone"),
    ({"remote_ip": "198.18.0.2/24"}, "is not an IP address"),
    ({"local_ip": REMOTE}, "remote_ip and local_ip are both"),
    ({"local_ip": "flow"}, "local_ip 'flow' needs remote_ip 'flow'"),
    ({"key": "1", "in_key": "1"}, "key and in_key or out_key exclude each other"),
    ({"key": "1", "out_key": "1"}, "key and in_key or out_key exclude each other"),
    ({"extensions": ["gbp", "gpe"]}, "gbp and gpe exclude each other"),
    ({"psk": "a", "remote_name": "b"}, "psk and remote_name exclude each other"),
    ({"psk": ""}, "psk is empty"),
    ({"psk": " a"}, "psk is empty, or has blanks"),
    ({"mac": "01:00:00:00:00:01"}, "is not a unicast Ethernet address"),
    ({"mac": "2:0:0:0:0:1"}, "is not an Ethernet address"),
    ({"name": "vx%d"}, "has a character that a device name cannot have"),
    ({"name": "sixteen-letters-"}, "has 16 characters"),
    ({"name": "a b"}, "has a character"),
    ({"name": ".."}, "is reserved"),
    ({"bridge": None}, "bridge is missing"),
    ({"bridge": "br/0"}, "bridge 'br/0' has a character"),
    ({"external_ids": {"tunnelmesh-owner": "me"}}, "is reserved for this collection"),
    ({"external_ids": {"a b": "c"}}, "is empty or has blanks"),
    ({"external_ids": {"a": ["b"]}}, "is neither text nor a number"),
    ({"owner": "not a name"}, "owner 'not a name' is not a valid name"),
    ({"trunks": [1, 5000]}, "trunks 5000 is out of range"),
]


@pytest.mark.parametrize(("given", "message"), SWALLOWED + REFUSED)
def test_refused_with_a_remedy(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        tunnel(**given)
    assert message in caught.value.message
    assert caught.value.remedy


SETS: list[tuple[dict[str, Any], str]] = [
    ({}, "neither name nor tunnels"),
    ({"name": "a", "tunnels": []}, "exclude each other"),
    ({"name": "a", "remotes": [REMOTE], "bridge": "br0"}, "name and remotes exclude each other"),
    ({"remotes": [REMOTE], "remote_ip": REMOTE}, "remote_ip and remotes exclude each other"),
    ({"remotes": [REMOTE, REMOTE], "bridge": "br0"}, "are both called vx"),
    ({"remotes": ["198.18.0.2", "x"], "bridge": "br0"}, "remotes[1] (x): remote 'x' is not"),
    ({"remotes": [REMOTE], "ofport_request": 1}, "cannot be shared by several remotes"),
    ({"remotes": [REMOTE], "name_prefix": "toolong"}, "name_prefix 'toolong' has 7 characters"),
    ({"remotes": [REMOTE], "name_prefix": ""}, "name_prefix '' has 0 characters"),
    ({"tunnels": [{"name": "a"}, {"name": "a"}]}, "both declare a"),
    ({"tunnels": [{"remote_ip": REMOTE}]}, "tunnels[0] has no name"),
    ({"bridges": [{"name": "b"}, {"name": "b"}]}, "both declare b"),
    ({"bridges": [{"name": "vx"}], "name": "vx", "state": "absent"}, "is the name of a bridge"),
]


@pytest.mark.parametrize(("given", "message"), SETS)
def test_sets_that_cannot_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        declare(**given)
    assert message in caught.value.message


def test_a_tunnel_on_a_bridge_that_goes() -> None:
    with pytest.raises(InputError, match="its bridge br0 is declared absent"):
        declare(
            bridges=[{"name": "br0", "state": "absent"}], name="a", bridge="br0", remote_ip=REMOTE
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mtu": 67}, "mtu 67 is out of range"),
        ({"mtu": 65536}, "mtu 65536 is out of range"),
        ({"address": ["192.0.2.1"]}, "is not an address with a prefix length"),
        ({"address": ["192.0.2.1/33"]}, "is not an address with a prefix length"),
        ({"address": ["x/24"]}, "is not an address with a prefix length"),
        ({"address": ["fe80::1/64"]}, "IPv6 makes these by itself"),
        ({"address": ["192.0.2.1/24", "192.0.2.1/25"]}, "192.0.2.1 is given twice"),
        ({"name": "br:0"}, "has a character"),
        ({"other_config": {"hwaddr": "nope"}}, "other_config.hwaddr 'nope' is not an Ethernet"),
    ],
)
def test_bridges_that_cannot_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        bridge(**given)
    assert message in caught.value.message


def test_values_are_written_one_way() -> None:
    found = tunnel(
        remote_ip="FD00:0::2",
        local_ip="fd00::0:1",
        key="0x10",
        tos="0x20",
        csum=True,
        df_default=False,
        extensions=["gbp", "gbp"],
        mac="02:00:00:00:00:AB",
        external_ids={"n": 5, "on": True},
        bfd={"enable": True, "min_rx": 300},
    )
    assert found.columns["options"] == {
        "remote_ip": "fd00::2",
        "local_ip": "fd00::1",
        "key": "16",
        "tos": "32",
        "csum": "true",
        "df_default": "false",
        "exts": "gbp",
        "dst_port": "4789",
    }
    assert found.columns["mac"] == "02:00:00:00:00:ab"
    assert found.columns["bfd"] == {"enable": "true", "min_rx": "300"}
    assert found.external_ids == {"n": "5", "on": "true"}


def test_entries_inherit_and_remotes_share() -> None:
    found = declare(
        bridge="br0",
        key="7",
        protected=True,
        tunnels=[{"name": "a", "remote_ip": REMOTE, "key": "8"}],
        remotes=["198.18.0.3"],
    ).tunnels
    assert [one.columns["options"]["key"] for one in found] == ["8", "7"]
    assert all(one.columns["protected"] for one in found)


def test_derived_names_depend_on_remote_key_and_port_alone() -> None:
    def name(**given: Any) -> str:
        (found,) = declare(**{"bridge": "br0", "remotes": [REMOTE], **given}).tunnels
        return found.name

    base = name()
    assert base == name(ttl="9", local_ip="198.18.0.1", protected=True, bridge="br1", key="0")
    others = {name(key="1"), name(dst_port=4790), name(remotes=["198.18.0.3"])}
    assert len(others | {base}) == 4
    assert name(remotes=["fd00::2"]) == name(remotes=["FD00:0:0::2"])
    # A name that changed with a release would tear down every tunnel of a mesh.
    assert base == "vxqfvvh67d6r"
    assert len(name(name_prefix="vxlan")) == 15
