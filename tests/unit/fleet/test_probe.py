# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of overlay_ping that need no network: packets, targets, verdicts."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils import icmp, overlay, probe
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from tests.unit.core.profile import examples


@given(st.binary(max_size=200))
def test_checksum_makes_the_sum_of_a_packet_vanish(data: bytes) -> None:
    padded = data + b"\0" * (len(data) % 2)
    assert icmp.checksum(padded + struct.pack("!H", icmp.checksum(padded))) == 0


def test_checksum_of_rfc_1071() -> None:
    assert icmp.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D


@pytest.mark.parametrize(("version", "headers"), [(4, 28), (6, 48)])
def test_request_fills_the_mtu_exactly(version: int, headers: int) -> None:
    packet = icmp.echo_request(version, 7, 1, b"x" * 14, 1450)
    assert len(packet) == 1450 - headers + 8
    assert packet[8:22] == b"x" * 14


def test_reply_is_recognised_and_strangers_are_not() -> None:
    label = b"tokentok\0\0\0\5\0\1"
    body = struct.pack("!BBHHH", 0, 0, 0, 7, 1) + label
    assert icmp.echo_reply(4, 7, b"\x45" + b"\0" * 19 + body) == label
    assert icmp.echo_reply(4, 8, b"\x45" + b"\0" * 19 + body) is None
    assert icmp.echo_reply(4, 7, b"\x45" + b"\0" * 19 + b"\x08" + body[1:]) is None
    assert icmp.echo_reply(6, 7, b"\x81" + body[1:]) == label
    assert icmp.echo_reply(4, 7, b"") is None
    assert icmp.echo_reply(6, 7, body[:9]) is None


def target(**fields: object) -> probe.Target:
    found = probe.Target("lab", "dp-lab", 1450, "hv1", "198.19.0.1")
    for name, value in fields.items():
        setattr(found, name, value)
    return found


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (target(seen={"full": 0.1}, refused={"oversize": errno.EMSGSIZE}), "ok"),
        (target(seen={"full": 0.1, "oversize": 0.1}), "1451 bytes passes although the MTU is 1450"),
        (target(refused={"full": errno.EMSGSIZE}), "does not fit the MTU of dp-lab"),
        (target(refused={"full": errno.ENETUNREACH}), "cannot be sent: Network is unreachable"),
        (target(seen={"small": 0.1}), "the underlay drops them"),
        (target(), "no answer"),
    ],
)
def test_verdict_says_what_is_wrong(state: probe.Target, words: str) -> None:
    assert words in state.verdict


def test_row_of_a_peer_whose_larger_packet_was_lost() -> None:
    state = target(oversized=True, attempts=2)
    state.answered("full", 1450, 0.00123)
    row = overlay.row(state)
    assert (row["rtt_ms"], row["oversize"], row["attempts"]) == (1.23, "lost", 2)
    assert (row["loss"], row["largest"]) == (50.0, 1450)


def test_a_silent_peer_has_no_time_and_no_size() -> None:
    row = overlay.row(target(attempts=3))
    assert (row["rtt_ms"], row["loss"], row["largest"]) == (None, 100.0, None)
    assert overlay.row(target())["loss"] is None


@examples(100)
@given(st.integers(84, 1449))
def test_the_search_ends_at_the_largest_size_that_passes(limit: int) -> None:
    state = target()
    state.answered("small", 84, 0.1)
    state.failed = state.mtu
    tried = []
    while (size := state.next_trial()) is not None:
        tried.append(size)
        if size <= limit:
            state.answered("trial", size, 0.1)
        else:
            state.failed = size
    assert state.passed == limit
    assert len(tried) <= 11


OVERLAY = {
    "segment": "lab",
    "device": "dp-lab",
    "mtu": 1450,
    "addresses": ["198.19.0.9/24"],
    "peers": [
        {"host": "hv1", "address": "198.19.0.1"},
        {"host": "hv1", "address": "fd00:9::1"},
        {"host": "hv2", "address": "198.19.0.2"},
    ],
}


def test_targets_are_the_peers_of_our_own_families() -> None:
    found = overlay.targets([OVERLAY], ["hv2"])
    assert [(t.host, t.address, t.required) for t in found] == [
        ("hv1", "198.19.0.1", False),
        ("hv2", "198.19.0.2", True),
    ]
    assert all(t.required for t in overlay.targets([OVERLAY], None))


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"overlay lab, hv1: address 'hv1'"):
        overlay.targets([{**OVERLAY, "peers": [{"host": "hv1", "address": "hv1"}]}], None)
