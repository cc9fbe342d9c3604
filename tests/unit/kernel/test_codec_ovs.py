# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of Open vSwitch: what is encoded is decoded again."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import decode, encode
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import (
    DEFAULTS,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.datapath_steps import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_NETDEV,
    TYPE_VXLAN,
    Flow,
    PortState,
    Vport,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.transport import Request
from tests.unit.core.profile import examples

NAMES = st.text("abcxyz019-_.@", min_size=1, max_size=15)


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


def test_upcalls_of_a_datapath() -> None:
    statistics = struct.pack("=HHQQQQ", 36, 3, 1, 20, 3, 400)  # OVS_DP_ATTR_STATS
    assert decode.datapath(struct.pack("=BBHi", 1, 2, 0, 9) + statistics).upcalls == (20, 3)


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
