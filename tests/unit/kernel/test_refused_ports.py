# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way in which a declaration of ports is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import PortSpec
from tests.unit.core.profile import examples
from tests.unit.kernel.builders import DECLARED, LOCAL, ports

Options = dict[str, Any]


def one(**options: Any) -> PortSpec:
    """The one port that is declared, called vx1."""
    (spec,) = ports(**{"name": "vx1", **options}).specs
    return spec


VNI = {"vni": 100}
LEGACY = {"vport_type": "vxlan"}

REJECTED: list[tuple[Options, str]] = [
    ({"name": "a" * 16}, "has 16 characters, at most 15"),
    ({"name": "."}, "is reserved"),
    ({"name": ".."}, "is reserved"),
    ({"name": "all"}, "is reserved"),
    ({"name": "default"}, "is reserved"),
    ({"name": "lo"}, "is reserved"),
    ({"name": "vx%d"}, "has a character that a device name cannot have"),
    ({"name": "a/b"}, "has a character that a device name cannot have"),
    ({"name": "a b"}, "has a character that a device name cannot have"),
    ({"name": "a:b"}, "has a character that a device name cannot have"),
    ({"name": "vxlan_sys_4789"}, "belong to ovs-vswitchd"),
    ({"datapath": None}, "state 'present' links the port to a datapath and none is named"),
    ({"datapath": ""}, "state 'present' links the port to a datapath and none is named"),
    ({"datapath": "ovs-system"}, "'ovs-system' is owned by ovs-vswitchd"),
    ({"datapath": "d" * 16}, "datapath 'dddddddddddddddd' has 16 characters"),
    ({"datapath": "lab%d"}, "datapath 'lab%d' has a character"),
    ({"datapath": "vx1"}, "datapath 'vx1' is the port itself"),
    ({"port_no": 0}, "port_no 0 is out of range"),
    ({"port_no": 65535}, "port_no 65535 is out of range"),
    ({"port_no": -1}, "port_no -1 is out of range"),
    ({"state": "detached", "port_no": 3}, "port_no and state 'detached' exclude each other"),
    ({"dst_port": 0}, "dst_port 0 is out of range"),
    ({"dst_port": 65536}, "dst_port 65536 is out of range"),
    ({"vni": 1 << 24}, "vni 16777216 is out of range"),
    ({"vni": -1}, "vni -1 is out of range"),
    ({"local_ip": "vtep1"}, "local_ip 'vtep1' is not an IP address"),
    ({"local_ip": "192.0.2.1/24"}, "local_ip '192.0.2.1/24' is not an IP address"),
    ({"local_ip": "0.0.0.0"}, "local_ip '0.0.0.0' is the unspecified address"),
    ({"local_ip": "127.0.0.1"}, "local_ip '127.0.0.1' is a loopback address"),
    ({"local_ip": "239.1.1.1"}, "local_ip '239.1.1.1' is a multicast group"),
    ({"local_ip": "255.255.255.255"}, "local_ip '255.255.255.255' is the broadcast address"),
    ({"local_ip": "::ffff:192.0.2.1"}, "is an IPv4 address mapped into IPv6"),
    ({"local_ip": "fe80::1%eth0"}, "local_ip 'fe80::1%eth0' carries a zone"),
    ({"local_ip": "fe80::1"}, "is link-local and no dev is given"),
    ({**VNI, "remotes": ["fe80::2"]}, "is link-local and no dev is given"),
    ({**VNI, "remotes": ["vtep2.example.net"]}, "remote 'vtep2.example.net' is not an IP address"),
    ({**VNI, "remotes": [""]}, "remote '' is not an IP address"),
    ({**VNI, "remotes": ["239.1.1.1"]}, "remote '239.1.1.1' is a multicast group"),
    ({**VNI, "remotes": ["ff0e::1"]}, "remote 'ff0e::1' is a multicast group"),
    ({**VNI, "remotes": ["::1"]}, "remote '::1' is a loopback address"),
    ({**VNI, "remotes": ["::"]}, "remote '::' is the unspecified address"),
    ({**VNI, "remotes": ["255.255.255.255"]}, "is the broadcast address"),
    ({**VNI, "remotes": ["::ffff:192.0.2.2"]}, "is an IPv4 address mapped into IPv6"),
    ({**VNI, "remotes": ["fe80::2%eth0"]}, "remote 'fe80::2%eth0' carries a zone"),
    ({**VNI, "remotes": ["192.0.2.2", "192.0.2.2"]}, "remote 192.0.2.2 is given twice"),
    ({**VNI, "remotes": ["fd00::2", "FD00:0::2"]}, "remote fd00::2 is given twice"),
    ({**DECLARED, "remotes": [LOCAL]}, "remote 192.0.2.1 is the port's own local_ip"),
    (
        {**VNI, "remotes": ["192.0.2.2", "fd00::2"]},
        "IPv4 and IPv6 are mixed: remote 192.0.2.2, remote fd00::2",
    ),
    (
        {**VNI, "local_ip": LOCAL, "remotes": ["fd00::2"]},
        "IPv4 and IPv6 are mixed: local_ip 192.0.2.1, remote fd00::2",
    ),
    ({"remotes": ["192.0.2.2"]}, "remotes would have no effect"),
    ({"ttl": "64"}, "ttl would have no effect"),
    ({"tos": "0"}, "tos would have no effect"),
    ({"df": "set"}, "df would have no effect"),
    ({"learning": True}, "learning would have no effect"),
    ({"ageing": 300}, "ageing would have no effect"),
    ({"ttl": "64", "tos": "4"}, "so ttl, tos would have no effect"),
    ({"dev": "a/b"}, "dev 'a/b' has a character"),
    ({"dev": ""}, "dev '' is empty"),
    ({"dev": "vx1"}, "dev 'vx1' is the port itself"),
    ({"mtu": "67"}, "mtu 67 is out of range"),
    ({"mtu": "65536"}, "mtu 65536 is out of range"),
    ({"mtu": "big"}, "mtu 'big' is not a number"),
    ({"mtu": ""}, "mtu '' is not a number"),
    ({"mtu": "1_500"}, "mtu '1_500' is not a number"),
    ({"mtu": " 1500"}, "mtu ' 1500' is not a number"),
    ({"mtu": "1500.0"}, "mtu '1500.0' is not a number"),
    ({**VNI, "ttl": "256"}, "ttl 256 is out of range"),
    ({**VNI, "ttl": "-1"}, "ttl -1 is out of range"),
    ({**VNI, "ttl": "xyz"}, "ttl 'xyz' is not a number"),
    ({**VNI, "tos": "3"}, "tos 3 sets ECN bits"),
    ({**VNI, "tos": "1"}, "tos 1 sets ECN bits"),
    ({**VNI, "tos": "256"}, "tos 256 is out of range"),
    ({**VNI, "tos": "x"}, "tos 'x' is not a number"),
    ({**VNI, "ageing": -1}, "ageing -1 is out of range"),
    ({**VNI, "ageing": 0}, "ageing 0 is out of range"),
    ({**VNI, "ageing": 1 << 32}, "ageing 4294967296 is out of range"),
    ({"extensions": ["gbp", "gpe"]}, "gbp and gpe exclude each other"),
    ({**VNI, "extensions": ["gpe"]}, "gpe needs a device without vni"),
    ({**LEGACY, "extensions": ["gpe"]}, "vport_type 'vxlan' does not know gpe"),
    ({"src_port_range": []}, "src_port_range [] is not a pair"),
    ({"src_port_range": [1]}, "src_port_range [1] is not a pair"),
    ({"src_port_range": [1, 2, 3]}, "src_port_range [1, 2, 3] is not a pair"),
    ({"src_port_range": [0, 9]}, "src_port_range 0 is out of range"),
    ({"src_port_range": [1, 65536]}, "src_port_range 65536 is out of range"),
    ({"src_port_range": [9, 9]}, "src_port_range [9, 9] is empty"),
    ({"src_port_range": [9, 1]}, "src_port_range [9, 1] is empty"),
    ({"mac_address": "02:00:00:00:00"}, "is not an Ethernet address"),
    ({"mac_address": "0200.0000.0001"}, "is not an Ethernet address"),
    ({"mac_address": "01:00:5e:00:00:01"}, "is not a unicast Ethernet address"),
    ({"mac_address": "00:00:00:00:00:00"}, "is not a unicast Ethernet address"),
    ({"owner": "a b"}, "owner 'a b' is not a valid name"),
    ({"owner": "a" * 64}, "is not a valid name"),
    ({"owner": "-a"}, "is not a valid name"),
    ({**LEGACY, **VNI}, "vport_type 'vxlan' does not take vni"),
    ({**LEGACY, "local_ip": LOCAL}, "vport_type 'vxlan' does not take local_ip"),
    ({**LEGACY, "dev": "eth0", "ttl": "1"}, "vport_type 'vxlan' does not take dev, ttl"),
    ({**LEGACY, "udp_csum": True}, "vport_type 'vxlan' does not take udp_csum"),
    ({**LEGACY, "state": "detached"}, "cannot be detached"),
]


@pytest.mark.parametrize(("options", "problem"), REJECTED, ids=lambda value: str(value)[:60])
def test_what_is_refused_of_a_port(options: Options, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        one(**options)
    assert problem in caught.value.cause
    assert caught.value.remedy, "every refusal says what to do"


@pytest.mark.parametrize(("options", "problem"), REJECTED, ids=lambda value: str(value)[:60])
def test_an_entry_of_a_list_is_refused_and_named(options: Options, problem: str) -> None:
    owner = options.get("owner")
    entry = {"name": "vx1", **{key: options[key] for key in options if key != "owner"}}
    with pytest.raises(InputError) as caught:
        ports(owner=owner, datapath=entry.get("datapath", "lab0"), ports=[{"name": "vx0"}, entry])
    assert problem in caught.value.cause or "datapath" in options
    if not owner and "datapath" not in options:
        assert caught.value.cause.startswith(f"ports[1] ({entry['name']}): ")


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([{"name": "a"}, {"name": "a"}], "ports[0] and ports[1] both declare a"),
        (
            [{"name": "a", "port_no": 7}, {"name": "b", "port_no": 7}],
            "ports[1] (b): port_no 7 of datapath lab0 is also asked for by ports[0] (a)",
        ),
        ([{"name": ""}], "ports[0] has no name"),
        ([{}], "ports[0] has no name"),
    ],
)
def test_what_is_refused_of_a_set(entries: list[Options], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        ports(ports=entries)
    assert problem in caught.value.cause
    assert caught.value.remedy


def test_one_number_may_stand_in_two_datapaths_and_beside_a_port_that_goes() -> None:
    entries = [
        {"name": "a", "port_no": 7},
        {"name": "b", "port_no": 7, "datapath": "lab1"},
        {"name": "c", "port_no": 7, "state": "absent"},
    ]
    assert len(ports(ports=entries).specs) == 3


WORDS = st.one_of(
    st.text(max_size=17), st.sampled_from(["inherit", "auto", "192.0.2.2", "fd00::2"])
)
ANYTHING = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "state": st.sampled_from(["present", "detached", "absent"]),
        "datapath": WORDS,
        "port_no": st.integers(-1, 70000),
        "dst_port": st.integers(-1, 70000),
        "vni": st.integers(-1, 1 << 25),
        "local_ip": WORDS,
        "remotes": st.lists(WORDS, max_size=3),
        "mtu": WORDS,
        "ttl": WORDS,
        "tos": WORDS,
        "src_port_range": st.lists(st.integers(0, 70000), max_size=3),
        "mac_address": WORDS,
        "extensions": st.lists(st.sampled_from(["gbp", "gpe"]), max_size=2),
        "vport_type": st.sampled_from(["netdev", "vxlan"]),
        "owner": WORDS,
    },
)


@given(ANYTHING)
@examples(300)
def test_whatever_is_declared_is_taken_or_refused_cleanly(options: Options) -> None:
    try:
        declared = ports(**options)
    except InputError:
        return
    assert declared.specs[0].name == options["name"]
