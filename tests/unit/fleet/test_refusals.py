# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan refuses, and that the message names the hosts and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import plan
from tests.unit.fleet.builders import members, mesh


def refusal(hosts: dict[str, dict[str, Any]], declaration: dict[str, Any]) -> str:
    with pytest.raises(TunnelMeshError) as caught:
        plan.build(hosts, declaration)
    return caught.value.message


def hosts(count: int = 3, **changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """``count`` members; ``h1={...}`` changes one of them."""
    found = members(count)
    for name, change in changes.items():
        found[name].update(change)
    return found


SEGMENTS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no name", {"name": None}, ["segments[0]", "name for a segment"]),
    ("name with a slash", {"name": "a/b"}, ["a/b"]),
    ("vni missing", {"vni": None}, ["segment lab", "vni None"]),
    ("vni too large", {"vni": 1 << 24}, ["vni 16777216", "16777215"]),
    ("vni is text", {"vni": "many"}, ["vni 'many'"]),
    ("tag 0", {"tag": 0}, ["tag 0", "1 to 4094"]),
    ("tag 4095", {"tag": 4095}, ["tag 4095"]),
    ("misspelt key", {"topologie": "full"}, ["unknown key topologie", "topology"]),
    ("unknown topology", {"topology": "ring"}, ["'ring'", "hub_spoke"]),
    ("unknown member", {"members": ["h0", "nobody"]}, ["nobody is not a member of the mesh"]),
    ("member twice", {"members": ["h0", "h1", "h0"]}, ["h0 is listed twice"]),
    ("hub without hub_spoke", {"hub": "h0"}, ["topology is full"]),
    ("hub_spoke without hub", {"topology": "hub_spoke"}, ["needs a hub"]),
    (
        "hub outside",
        {"topology": "hub_spoke", "hub": "h2", "members": ["h0", "h1"]},
        ["the hub 'h2' is not a member of the segment"],
    ),
    ("custom without links", {"topology": "custom"}, ["custom needs links"]),
    ("link to itself", {"topology": "custom", "links": [["h0", "h0"]]}, ["pair of two different"]),
    ("link to nobody", {"topology": "custom", "links": [["h0", "x"]]}, ["x is not a member"]),
    (
        "link twice",
        {"topology": "custom", "links": [["h0", "h1"], ["h1", "h0"]]},
        ["h1 - h0 is declared twice"],
    ),
    (
        "link between spokes",
        {"topology": "hub_spoke", "hub": "h0", "links": [{"between": ["h1", "h2"], "ttl": 9}]},
        ["h1 - h2 does not exist", "the hub is h0"],
    ),
    (
        "foreign endpoint of a link",
        {"links": [{"between": ["h0", "h1"], "endpoints": {"h2": "198.18.9.9"}}]},
        ["h2, no end of this link"],
    ),
    ("mtu of text", {"mtu": "jumbo"}, ["mtu 'jumbo'"]),
    ("dst_port 0", {"dst_port": 0}, ["dst_port 0"]),
    ("ttl 300", {"ttl": 300}, ["ttl 300"]),
    ("df of text", {"df": "maybe"}, ["df 'maybe'"]),
    ("gbp of text", {"gbp": "perhaps"}, ["gbp 'perhaps'"]),
    ("tos 256", {"tos": 256}, ["tos 256"]),
    ("bridge name", {"bridge": "a-bridge-name-too-long"}, ["bridge", "15"]),
    ("device pattern", {"device": "dp%d"}, ["dp%d"]),
    ("links is text", {"links": "h0-h1"}, ["is not a list"]),
]


@pytest.mark.parametrize(
    ("segment", "words"), [row[1:] for row in SEGMENTS], ids=[row[0] for row in SEGMENTS]
)
def test_segment_that_makes_no_sense(segment: dict[str, Any], words: list[str]) -> None:
    message = refusal(hosts(), mesh(**segment))
    assert all(word in message for word in words), message


MEMBERS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("endpoint missing", {"endpoint": None}, ["h1", "vxlan_mesh_endpoint"]),
    ("endpoint no address", {"endpoint": "hv1"}, ["host h1", "'hv1' is not an IP address"]),
    ("endpoint multicast", {"endpoint": "239.1.1.1"}, ["host h1", "multicast"]),
    ("endpoint loopback", {"endpoint": "127.0.0.1"}, ["host h1", "loopback"]),
    ("endpoint of another", {"endpoint": "198.18.0.1"}, ["198.18.0.1", "h0, h1"]),
    ("endpoint of another family", {"endpoint": "fd00::1"}, ["different families", "h0", "h1"]),
    (
        "endpoint not on the host",
        {"own_addresses": ["198.18.0.99"]},
        ["host h1", "198.18.0.2 is not an address of the host", "198.18.0.99"],
    ),
    ("unknown backend", {"backend": "dpdk"}, ["host h1", "'dpdk'"]),
    ("address without prefix", {"addresses": {"lab": "10.0.0.1"}}, ["host h1", "prefix"]),
    ("address elsewhere", {"addresses": {"labb": "10.0.0.1/8"}}, ["host h1", "segment labb"]),
    ("dst_port differs", {"settings": {"dst_port": 4790}}, ["h0 has 4789", "h1 has 4790"]),
    ("gbp differs", {"settings": {"gbp": True}}, ["about gbp", "h0", "h1"]),
    ("misspelt setting", {"settings": {"dstport": 4789}}, ["host h1", "unknown key dstport"]),
    ("underlay mtu", {"underlay_mtu": 70000}, ["host h1", "underlay_mtu 70000"]),
    ("no room for IP", {"underlay_mtu": 100}, ["h1 carries 100", "too small"]),
]


@pytest.mark.parametrize(
    ("change", "words"), [row[1:] for row in MEMBERS], ids=[row[0] for row in MEMBERS]
)
def test_member_that_does_not_fit(change: dict[str, Any], words: list[str]) -> None:
    message = refusal(hosts(h1=change), mesh())
    assert all(word in message for word in words), message


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"segments": [{"name": "a", "vni": 1, **first}, {"name": "b", "vni": 2, **second}]}


def test_segments_that_collide() -> None:
    assert "the VNI 7 is used by more than one segment: a (h0, h1, h2), b (h0, h1)" in refusal(
        hosts(), two({"vni": 7}, {"vni": 7, "tag": 5, "members": ["h0", "h1"]})
    )
    assert "a (h0, h1, h2, h3, h4 and 2 more)" in refusal(hosts(7), two({"vni": 7}, {"vni": 7}))
    assert "the segment a is declared 2 times" in refusal(hosts(), two({}, {"name": "a"}))
    assert "uses the bridge br-mesh without a tag" in refusal(hosts(), two({}, {}))
    assert "with tag 5" in refusal(hosts(), two({"tag": 5}, {"tag": 5}))
    assert "device same would belong" in refusal(
        hosts(), two({"tag": 5, "device": "same"}, {"tag": 6, "device": "same"})
    )


def test_gbp_mixed_on_one_port() -> None:
    message = refusal(hosts(), two({"tag": 1, "gbp": True}, {"tag": 2}))
    assert "with and without gbp on dst_port 4789: segments a, b" in message
    plan.build(hosts(), two({"tag": 1, "gbp": True, "dst_port": 4790}, {"tag": 2}))


def test_overlay_address_twice() -> None:
    addresses = {"lab": "10.0.0.1/24"}
    message = refusal(hosts(h0={"addresses": addresses}, h2={"addresses": addresses}), mesh())
    assert "10.0.0.1 is claimed more than once: h0, h2" in message


def test_mtu_larger_than_the_underlay_carries() -> None:
    message = refusal(hosts(h1={"underlay_mtu": 1400}), mesh(mtu=1450))
    assert "1450 does not fit the underlay: h1 carries 1400, less 50" in message
    assert "at most 1350" in message


def test_ipv6_on_the_overlay_needs_1280() -> None:
    small = hosts(h0={"addresses": {"lab": "fd00:9::1/64"}}, h1={"underlay_mtu": 1300})
    assert "1250 is too small for IPv6" in refusal(small, mesh())


def test_loop_is_spelled_out() -> None:
    ring = [["h0", "h1"], ["h1", "h2"], ["h2", "h3"], ["h3", "h0"]]
    message = refusal(hosts(4), mesh(topology="custom", links=ring))
    # The ring is one block without all its links: split horizon cuts it instead of a loop.
    assert "a broadcast of h0 never reaches h2" in message


def test_unreachable_pair_is_spelled_out() -> None:
    message = refusal(hosts(4), mesh(topology="custom", links=[["h0", "h1"], ["h2", "h3"]]))
    assert "a broadcast of h0 never reaches h2, h3" in message


def test_member_of_two_full_meshes() -> None:
    links = [
        [a, b]
        for s in (("h0", "h1", "h2"), ("h2", "h3", "h4"))
        for i, a in enumerate(s)
        for b in s[i + 1 :]
    ]
    message = refusal(hosts(5), mesh(topology="custom", links=links))
    assert "h2 joins two full meshes" in message


def test_hub_with_backend_kernel_is_explained() -> None:
    kernel = hosts(h0={"backend": "kernel"})
    message = refusal(kernel, mesh(topology="hub_spoke", hub="h0"))
    assert "host h0" in message
    assert "never passes on what it receives" in message
    plan.build(hosts(h1={"backend": "kernel"}), mesh(topology="hub_spoke", hub="h0"))


def test_kernel_member_that_would_have_to_relay() -> None:
    line = mesh(topology="custom", links=[["h0", "h1"], ["h1", "h2"]])
    message = refusal(hosts(h1={"backend": "kernel"}), line)
    assert "a broadcast of h0 never reaches h2" in message
    assert "the peers of h1 have to be linked with each other" in message


def test_kernel_has_neither_tags_nor_links_of_their_own() -> None:
    kernel = hosts(h1={"backend": "kernel"})
    assert "host h1: a tag needs a bridge" in refusal(kernel, mesh(tag=5))
    links = [{"between": ["h0", "h1"], "ttl": 9}]
    assert "h0 - h1 has settings of its own" in refusal(kernel, mesh(links=links))


def test_no_segment_at_all() -> None:
    assert "no segment is declared" in refusal(hosts(), {"segments": []})
    assert "unknown key segmants" in refusal(hosts(), {"segmants": []})


MESHES: list[tuple[dict[str, Any], list[str]]] = [
    ({"owner": "two words"}, ["owner 'two words'", "1 to 63 letters"]),
    ({"owner": "../../etc/x"}, ["owner '../../etc/x'"]),
    ({"bfd": {"enabled": True}}, ["mesh: bfd", "unknown key enabled", "enable"]),
    ({"bfd": {"enable": "perhaps"}}, ["mesh: bfd", "enable 'perhaps'"]),
    ({"bfd": {"min_rx": 0}}, ["mesh: bfd", "min_rx 0"]),
    ({"bfd": {"mult": 256}}, ["mesh: bfd", "mult 256"]),
    ({"bfd": ["enable"]}, ["mesh: bfd", "not a dictionary"]),
    ({"mtu": 9001}, ["9001 does not fit the underlay", "h0 carries 1500 (assumed)"]),
]


@pytest.mark.parametrize(("change", "words"), MESHES)
def test_mesh_that_makes_no_sense(change: dict[str, Any], words: list[str]) -> None:
    message = refusal(hosts(), {**mesh(), **change})
    assert all(word in message for word in words), message
