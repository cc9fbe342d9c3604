# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Netlink frames and acknowledgements, from bytes made by hand."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.transport import (
    FLAG_ACK_TLVS,
    FLAG_CAPPED,
    Reply,
    _reply,
    split,
)
from tests.unit.core.profile import examples


def frame(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """struct nlmsghdr and a body, padded."""
    header = struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0)
    return header + body + b"\0" * (-len(body) % 4)


FRAMES = st.lists(
    st.tuples(
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.integers(0, (1 << 32) - 1),
        st.binary(max_size=40),
    ),
    max_size=6,
)


@given(FRAMES)
@examples(60)
def test_a_datagram_is_split_into_its_messages(
    messages: list[tuple[int, int, int, bytes]],
) -> None:
    assert list(split(b"".join(frame(*message) for message in messages))) == messages


@given(FRAMES, st.integers(0, 400))
@examples(60)
def test_a_datagram_that_is_cut_short_gives_whole_messages_only(
    messages: list[tuple[int, int, int, bytes]], length: int
) -> None:
    found = list(split(b"".join(frame(*message) for message in messages)[:length]))
    assert found == messages[: len(found)]


@given(st.binary(max_size=200))
@examples(100)
def test_any_bytes_are_split_without_harm(data: bytes) -> None:
    assert sum(16 + len(body) for *_header, body in split(data)) <= len(data)


@pytest.mark.parametrize("length", [0, 15])
def test_a_length_that_cannot_be_ends_the_datagram(length: int) -> None:
    good = frame(3, 2, 1, b"abcd")
    assert list(split(good + struct.pack("=IHHII", length, 3, 0, 2, 0))) == [(3, 2, 1, b"abcd")]


REQUEST = struct.pack("=IHHII", 16 + 6, 16, 5, 1, 0)


def told(text: str) -> bytes:
    """NLMSGERR_ATTR_MSG, after an attribute of another kind."""
    value = text.encode() + b"\0"
    offset = struct.pack("=HHI", 8, 2, 99)
    return offset + struct.pack("=HH", 4 + len(value), 1) + value + b"\0" * (-len(value) % 4)


def test_success() -> None:
    assert _reply(FLAG_CAPPED, struct.pack("=i", 0) + REQUEST, (b"body",)) == Reply(
        0, "", (b"body",)
    )


def test_an_error_without_a_word() -> None:
    assert _reply(FLAG_CAPPED, struct.pack("=i", -errno.EBUSY) + REQUEST, ()) == Reply(errno.EBUSY)


@pytest.mark.parametrize("flags", [FLAG_CAPPED, 0])
def test_an_error_with_the_kernels_words(flags: int) -> None:
    """The request is sent back in whole where the answer is not capped."""
    echoed = b"" if flags else b"abcdef\0\0"
    payload = struct.pack("=i", -errno.EINVAL) + REQUEST + echoed + told("Cannot change VNI")
    assert _reply(flags | FLAG_ACK_TLVS, payload, ()) == Reply(errno.EINVAL, "Cannot change VNI")


def test_words_are_looked_for_only_where_the_kernel_says_there_are_any() -> None:
    payload = struct.pack("=i", -errno.EINVAL) + REQUEST + told("no")
    assert _reply(FLAG_CAPPED, payload, ()).text == ""


@given(st.binary(max_size=80), st.sampled_from([0, FLAG_CAPPED, FLAG_ACK_TLVS, 0x300]))
@examples(100)
def test_any_bytes_are_an_answer(payload: bytes, flags: int) -> None:
    reply = _reply(flags, payload, ())
    if len(payload) < 8:
        assert reply.errno == errno.EBADMSG
