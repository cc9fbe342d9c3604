# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Netlink messages: what is encoded is decoded again, and odd bytes do no harm."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import EnvironmentProblem
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import decode, encode
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import (
    ATTRIBUTES,
    DEFAULTS,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_NETDEV,
    TYPE_VXLAN,
    Flow,
    PortState,
    Vport,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.plan_datapath import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.transport import Request
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


# -- generic netlink ----------------------------------------------------------------------------


def header(request: Request) -> tuple[int, int, int]:
    """Command, version and dp_ifindex of a generic request."""
    command, version, _reserved, dp = struct.unpack_from("=BBHi", request.body)
    assert request.generic
    return command, version, dp


@given(NAMES, st.integers(0, (1 << 31) - 1))
@examples(30)
def test_datapaths(name: str, upcall: int) -> None:
    request = encode.new_datapath(0x21, name, upcall)
    assert (request.type, header(request)) == (0x21, (1, 2, 0))
    found = decode.datapath(request.body)
    assert (found.name, found.features, found.per_cpu) == (name, 1, False)
    assert struct.unpack("=I", dict(decode.attributes(request.body, 8))[2])[0] == upcall
    assert header(encode.del_datapath(0x21, 9)) == (2, 2, 9)


@given(NAMES, st.integers(1, 65534), st.integers(0, (1 << 31) - 1))
@examples(30)
def test_vports(name: str, port_no: int, upcall: int) -> None:
    request = encode.link_vport(0x22, 9, name, port_no, upcall)
    assert header(request) == (1, 1, 9)
    assert decode.vport(request.body) == Vport(port_no, name, TYPE_NETDEV, 0, upcall_pid=upcall)
    found = dict(decode.attributes(encode.set_upcall(0x22, 9, port_no, upcall).body, 8))
    assert found == {1: struct.pack("=I", port_no), 5: struct.pack("=I", upcall)}
    request = encode.del_vport(0x22, 9, port_no)
    assert header(request) == (2, 1, 9)
    assert dict(decode.attributes(request.body, 8)) == {1: struct.pack("=I", port_no)}


@pytest.mark.parametrize("gbp", [True, False])
def test_legacy_vports(gbp: bool) -> None:
    state = PortState("vx1", True, {**DEFAULTS, "dst_port": 4789, "gbp": gbp}, 65535, port_no=5)
    request = encode.new_vxlan_vport(0x22, 9, state, 77)
    assert decode.vport(request.body) == Vport(5, "vx1", TYPE_VXLAN, 0, 4789, gbp, 77)


@given(st.integers(0, 65534), st.integers(0, 65534))
@examples(30)
def test_flows(in_port: int, output: int) -> None:
    key = ufid(in_port, output)
    request = encode.new_flow(0x23, 9, in_port, output, key)
    assert header(request) == (1, 1, 9)
    assert decode.flow(request.body) == Flow(in_port, output, key, wildcard=True)
    assert dict(decode.attributes(encode.del_flow(0x23, 9, key).body, 8)) == {9: key}


def nested(number: int, *parts: tuple[int, bytes]) -> bytes:
    """An attribute made of attributes."""
    inside = b"".join(
        struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)
        for kind, value in parts
    )
    return struct.pack("=HH", 4 + len(inside), number) + inside


PORT, ONES = struct.pack("=I", 3), b"\xff" * 4


@pytest.mark.parametrize(
    ("mask", "actions", "flow"),
    [
        ([(3, ONES)], [(1, PORT)], Flow(3, 3)),
        ([(3, ONES), (4, b"\0" * 12), (6, b"\0\0")], [(1, PORT)], Flow(3, 3)),
        ([(3, ONES), (16, struct.pack("=HHQ", 12, 0, 0))], [(1, PORT)], Flow(3, 3)),
        ([(3, ONES), (6, b"\xff\xff")], [(1, PORT)], Flow(3, 3, wildcard=False)),
        ([(3, ONES)], [(1, PORT), (1, PORT)], Flow(3, None)),
        ([(3, ONES)], [], Flow(3, None)),
        ([(3, ONES)], [(2, PORT)], Flow(3, None)),
        ([(3, b"\0" * 4)], [(1, PORT)], Flow(None, None, wildcard=False)),
        ([], [(1, PORT)], Flow(None, None, wildcard=False)),
    ],
)
def test_flows_of_others(
    mask: list[tuple[int, bytes]], actions: list[tuple[int, bytes]], flow: Flow
) -> None:
    body = b"\0" * 8 + nested(1, (3, PORT)) + nested(7, *mask) + nested(2, *actions)
    assert decode.flow(body) == flow


# -- odd bytes ----------------------------------------------------------------------------------

STATE = PortState("vx1", False, {**DEFAULTS, "vni": 1, "local_ip": "fd00::1"}, 1450)
BODIES: list[tuple[Callable[[bytes], Any], bytes]] = [
    (decode.link, encode.new_link(STATE, 3, 9).body),
    (decode.flood_entry, encode.flood(7, "192.0.2.2", True).body),
    (decode.address, encode.address(7, "fd00::1/64", True).body),
    (decode.datapath, encode.new_datapath(1, "lab0", 0).body),
    (
        decode.vport,
        encode.new_vxlan_vport(1, 2, replace(STATE, port_no=1), 7).body,
    ),
    (decode.flow, encode.new_flow(1, 2, 3, 4, ufid(3, 4)).body),
]


def read(parse: Callable[[bytes], Any], body: bytes) -> Any:
    """A message, or None where it cannot be read; it never ends in another way."""
    try:
        return parse(body)
    except EnvironmentProblem as error:
        assert parse.__name__ in error.cause  # noqa: PT017
        return None


@pytest.mark.parametrize(("parse", "body"), BODIES)
def test_a_message_that_is_cut_short(parse: Callable[[bytes], Any], body: bytes) -> None:
    assert read(parse, body) is not None
    for length in range(len(body)):
        read(parse, body[:length])


@pytest.mark.parametrize(("parse", "body"), BODIES)
@given(st.data())
@examples(60)
def test_a_message_with_wrong_bytes(
    parse: Callable[[bytes], Any], body: bytes, data: st.DataObject
) -> None:
    wrong = bytearray(body)
    for position in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        wrong[position] = data.draw(U8)
    read(parse, bytes(wrong))


@pytest.mark.parametrize("parse", [parse for parse, _body in BODIES])
@given(st.binary(max_size=200))
@examples(60)
def test_any_bytes(parse: Callable[[bytes], Any], body: bytes) -> None:
    read(parse, body)


@given(st.binary(max_size=300))
@examples(200)
def test_attributes_are_parts_of_their_message(body: bytes) -> None:
    found = list(decode.attributes(body))
    assert sum(4 + len(payload) for _kind, payload in found) <= len(body)
    assert all(kind <= 0x3FFF and payload in body for kind, payload in found)
