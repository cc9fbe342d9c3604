# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel that answers nonsense, or more than was asked for, over a real socket.

What a single message may look like is in tests/unit/kernel/test_codec_odd.py.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import ApplyError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import decode, encode, transport
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import DEFAULTS
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.datapath_steps import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import PortState
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.transport import (
    MESSAGE_DONE,
    MESSAGE_ERROR,
    Netlink,
    Request,
)
from tests.unit.core.profile import examples

STATE = PortState("vx1", False, {**DEFAULTS, "vni": 1, "group": "192.0.2.9"}, 1450, port_no=1)
BODIES: list[tuple[Callable[[bytes], Any], bytes]] = [
    (decode.link, encode.new_link(STATE, 3, 9).body),
    (decode.flood_entry, encode.flood(7, "192.0.2.2", True).body),
    (decode.address, encode.address(7, "192.0.2.1/24", True).body),
    (decode.datapath, encode.new_datapath(1, "lab0", 0).body),
    (decode.vport, encode.new_vxlan_vport(1, 2, STATE, 7).body),
    (decode.flow, encode.new_flow(1, 2, 3, 4, ufid(3, 4)).body),
]


class Scripted(Netlink):
    """A netlink socket whose kernel is a list of datagrams."""

    def __init__(self, datagrams: Sequence[bytes]) -> None:
        self._socket, self._kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sequence = 0
        for datagram in datagrams:
            self._kernel.send(datagram)

    def _send(self, requests: Sequence[Request], acknowledge: bool = True) -> int:  # noqa: ARG002
        self._sequence += len(requests)
        return self._sequence

    def close(self) -> None:
        super().close()
        self._kernel.close()


def frame(kind: int, sequence: int, body: bytes, flags: int = 2) -> bytes:
    """struct nlmsghdr and a body, padded."""
    header = struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0)
    return header + body + b"\0" * (-len(body) % 4)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "DEADLINE", 0.02)


DATAGRAMS = st.lists(
    st.binary(max_size=80)
    | st.builds(
        frame,
        st.sampled_from([MESSAGE_ERROR, MESSAGE_DONE, 16, 28]),
        st.integers(0, 3),
        st.binary(max_size=60),
        st.sampled_from([0, 2, 0x10, 0x100, 0x200, 0x300]),
    ),
    max_size=5,
)


@given(DATAGRAMS)
@examples(150)
def test_nonsense_ends_in_words(datagrams: list[bytes]) -> None:
    netlink = Scripted([one for one in datagrams if one])
    try:
        for reply in netlink.batch([Request(16, b""), Request(16, b"")]):
            assert isinstance(reply.text, str)
        netlink.dump(18, b"")
    except ApplyError as error:
        event(f"failed: {error.cause[:40]}")
    finally:
        netlink.close()


def test_notifications_and_stale_answers_are_passed_over() -> None:
    done = frame(MESSAGE_DONE, 1, struct.pack("=i", 0))
    stale = frame(16, 77, b"stale" * 3) + frame(16, 0, b"event" * 3)
    netlink = Scripted([stale, frame(16, 1, b"one!") + stale, frame(16, 1, b"two!"), stale + done])
    assert netlink.dump(18, b"") == [b"one!", b"two!"]
    netlink.close()


def test_a_socket_that_overflows_says_so() -> None:
    netlink = Netlink(transport.NETLINK_ROUTE)
    netlink.close()
    with pytest.raises(ApplyError, match="netlink send failed") as caught:
        netlink.dump(18, b"")
    assert caught.value.errno == errno.EBADF


@pytest.mark.parametrize(("parse", "body"), BODIES)
@given(st.lists(st.tuples(st.integers(300, 0x3FFF), st.binary(max_size=40)), max_size=4))
@examples(30)
def test_attributes_of_a_newer_kernel_change_nothing(
    parse: Callable[[bytes], Any], body: bytes, extra: list[tuple[int, bytes]]
) -> None:
    padded = body + b"\0" * (-len(body) % 4)
    for kind, payload in extra:
        padded += struct.pack("=HH", 4 + len(payload), kind) + payload
        padded += b"\0" * (-len(payload) % 4)
    assert parse(padded) == parse(body)
