# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of rtnetlink: what is encoded is decoded again."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import decode, encode
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import (
    ATTRIBUTES,
    DEFAULTS,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    PortState,
)
from tests.unit.core.profile import examples

U8, U16, U32 = st.integers(0, 255), st.integers(0, 65535), st.integers(0, (1 << 32) - 1)
FOUR = st.ip_addresses(v=4).filter(lambda ip: not ip.is_unspecified).map(str)
SIX = st.ip_addresses(v=6).filter(lambda ip: not ip.is_unspecified).map(str)
WIRE: dict[str, st.SearchStrategy[Any]] = {
    "u8": U8,
    "u32": U32,
    "be16": U16,
    "be32": st.integers(0, (1 << 20) - 1),
    "bool": st.booleans(),
    "flag": st.booleans(),
    "ports": st.tuples(U16, U16),
}


def attrs(ip: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """All attributes of a device of one address family."""
    rows = {
        name: st.one_of(st.none(), ip) if row.wire == "ip" else WIRE[row.wire]
        for name, row in ATTRIBUTES.items()
    }
    return st.fixed_dictionaries(rows)


NAMES = st.text("abcxyz019-_.@", min_size=1, max_size=15)
MACS = st.lists(U8, min_size=6, max_size=6).map(lambda mac: ":".join(f"{b:02x}" for b in mac))


@given(
    NAMES,
    st.one_of(attrs(FOUR), attrs(SIX)),
    st.integers(68, 65535),
    st.one_of(st.none(), MACS),
    st.booleans(),
    st.integers(0, 1 << 30),
    st.integers(0, 1 << 30),
)
@examples(150)
def test_a_new_link_says_all_that_is_asked(
    name: str,
    asked: dict[str, Any],
    mtu: int,
    mac: str | None,
    up: bool,
    token: int,
    lower: int,
) -> None:
    # The kernel gives an external device the VNI 0; it is never asked for.
    asked = {**asked, "vni": 0} if asked["external"] else asked
    state = PortState(name, False, {**asked, "ttl_inherit": False}, mtu, mac=mac, up=up)
    request = encode.new_link(state, lower, token)
    assert (request.type, request.flags, request.generic) == (16, 0x600, False)
    found = decode.link(request.body)
    assert found.attrs == {**asked, "ttl_inherit": False}
    assert (found.name, found.mtu, found.up, found.kind) == (name, mtu, up, "vxlan")
    assert (found.link_group, found.lower, found.mac) == (token, lower, mac or "")


def test_ttl_inherit_is_sent_by_presence_alone() -> None:
    for value in (True, False):
        live = {**DEFAULTS, "ttl_inherit": value}
        request = encode.new_link(PortState("vx1", False, live, 1450), 0, 0)
        info = dict(decode.attributes(dict(decode.attributes(request.body, 16))[18]))
        numbers = dict(decode.attributes(info[2]))
        assert (28 in numbers) == value


def test_a_device_for_ipv6_remotes_is_made_for_ipv6() -> None:
    state = PortState("vx1", False, {**DEFAULTS, "vni": 1}, 1430, flood=frozenset({"fd00::2"}))
    request = encode.new_link(state, 0, 0)
    info = dict(decode.attributes(dict(decode.attributes(request.body, 16))[18]))
    assert dict(decode.attributes(info[2]))[16] == b"\0" * 16
    assert decode.link(request.body).attrs["group"] is None


IN_PLACE = sorted(name for name, row in ATTRIBUTES.items() if row.in_place)


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("family", [4, 6])
@given(st.data())
@examples(10)
def test_a_change_sends_what_changed_and_nothing_else(
    name: str, family: int, data: st.DataObject
) -> None:
    row = ATTRIBUTES[name]
    ip = st.one_of(st.none(), FOUR if family == 4 else SIX)
    value = data.draw(ip if row.wire == "ip" else WIRE[row.wire])
    request = encode.change_vxlan("vx1", {name: value}, family)
    assert (request.type, request.flags) == (16, 0)
    top = dict(decode.attributes(request.body, 16))
    assert set(top) == {3, 18}, "an MTU beside linkinfo would be refused"
    info = dict(decode.attributes(top[18]))
    six = {"group": 16, "local_ip": 17} if family == 6 else {}
    assert list(dict(decode.attributes(info[2]))) == [six.get(name, row.number)]
    assert decode.link(request.body).attrs == {**DEFAULTS, name: value}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "mtu": st.integers(68, 65535),
            "mac": MACS,
            "alias": st.text("abc =.", max_size=200),
            "link_group": st.integers(0, 1 << 30),
        },
    ),
    st.sampled_from([None, True, False]),
)
@examples(60)
def test_what_is_not_vxlans_own_is_set_without_linkinfo(
    changes: dict[str, Any], up: bool | None
) -> None:
    request = encode.set_link("vx1", changes if up is None else {**changes, "up": up})
    found = decode.link(request.body)
    assert {name: getattr(found, name) for name in changes} == changes
    assert (found.name, found.kind) == ("vx1", "")
    mask = struct.unpack_from("=I", request.body, 12)[0]
    assert (mask, found.up) == (0 if up is None else 1, bool(up))


def test_an_empty_alias_is_sent_to_clear_it() -> None:
    request = encode.set_link("vx1", {"alias": ""})
    assert 20 in dict(decode.attributes(request.body, 16))


def test_a_device_is_deleted_by_ifindex_and_asked_for_by_name() -> None:
    request = encode.del_link(7)
    assert (request.type, decode.link(request.body).ifindex) == (17, 7)
    request = encode.get_link("vx1")
    assert (request.type, decode.link(request.body).name) == (18, "vx1")


@pytest.mark.parametrize("ip", ["192.0.2.2", "fd00::2"])
@pytest.mark.parametrize("add", [True, False])
def test_flood_entries(ip: str, add: bool) -> None:
    request = encode.flood(7, ip, add)
    assert (request.type, request.flags) == ((28, 0xC00) if add else (29, 0))
    assert decode.flood_entry(request.body) == (7, ip)
    assert struct.unpack_from("=BBHiHBB", request.body)[4:6] == (0xC0, 2)


def test_an_fdb_entry_of_a_real_address_is_no_flood_entry() -> None:
    body = encode.flood(7, "192.0.2.2", True).body
    assert decode.flood_entry(body.replace(b"\0" * 6 + b"\0\0", b"\x02" * 6 + b"\0\0")) is None
    assert decode.flood_entry(encode.flood(7, "0.0.0.0", True).body) is None


@pytest.mark.parametrize("text", ["198.18.0.1/24", "198.18.0.0/31", "198.18.0.1/32", "fd00::1/64"])
@pytest.mark.parametrize("add", [True, False])
def test_addresses(text: str, add: bool) -> None:
    request = encode.address(7, text, add)
    assert (request.type, request.flags) == ((20, 0x600) if add else (21, 0))
    assert decode.address(request.body) == (7, text, 0)
    broadcast = dict(decode.attributes(request.body, 8)).get(4)
    assert broadcast == (bytes((198, 18, 0, 255)) if text.endswith("/24") else None)


def test_an_address_that_is_no_ip_address_is_passed_over() -> None:
    phonet = struct.pack("=BBBBIHHB3x", 35, 0, 0, 0, 7, 5, 2, 16)
    assert decode.address(phonet) is None


def test_the_local_address_of_a_peer_link_wins() -> None:
    header = struct.pack("=BBBBI", 2, 32, 0, 0, 7)
    peer = struct.pack("=HH4B", 8, 1, 192, 0, 2, 2)
    local = struct.pack("=HH4B", 8, 2, 192, 0, 2, 1)
    assert decode.address(header + peer + local) == (7, "192.0.2.1/32", 0)
    assert decode.address(header + peer) == (7, "192.0.2.2/32", 0)
    assert decode.address(header) is None
