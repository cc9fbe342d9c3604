# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages that are cut short or wrong do no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import EnvironmentProblem
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import decode, encode
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import (
    DEFAULTS,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.datapath_steps import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    PortState,
)
from tests.unit.core.profile import examples

U8 = st.integers(0, 255)
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
