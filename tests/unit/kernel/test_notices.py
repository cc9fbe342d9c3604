"""What those who follow a host hear: from this machine's own kernel, and from runs of ours."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import EnvironmentProblem
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import notices, runs, transport

NEW_LINK, NEW_NEIGHBOUR = 16, 28


def _neighbour(family: int, mac: bytes, destination: bytes) -> bytes:
    head = struct.pack("=BBHiHBB", family, 0, 0, 7, 0, 0, 0)
    return head + b"".join(
        struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)
        for kind, value in ((2, mac), (1, destination))
    )


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        (NEW_LINK, b"", True),
        (NEW_NEIGHBOUR, _neighbour(7, bytes(6), b"\xc6\x12\0\x0c"), True),
        (NEW_NEIGHBOUR, _neighbour(7, b"\x02\0\0\0\0\1", b"\xc6\x12\0\x0c"), False),
        (NEW_NEIGHBOUR, _neighbour(2, bytes(6), b"\xc6\x12\0\x0c"), False),
    ],
    ids=["link", "flood", "learned", "arp"],
)
def test_learning_is_no_reason_to_look(kind: int, body: bytes, reason: bool) -> None:
    assert notices.matters(kind, body) is reason


def test_the_groups_of_generic_netlink_are_found_without_loading_a_module() -> None:
    asking = transport.Netlink(transport.NETLINK_GENERIC)
    try:
        found = notices.generic_groups(asking)
    finally:
        asking.close()
    assert found, "that of nlctrl is there on every kernel"


def test_nothing_has_come_at_first() -> None:
    listening = notices.Notices()
    try:
        assert listening.lost == 0
        assert {one.getblocking() for one in listening.sockets} == {False}
    finally:
        listening.close()


def test_every_follower_is_told_what_runs_have_changed() -> None:
    runs.tell(["nobody-listens"])
    first, second = runs.Told(), runs.Told()
    try:
        assert first.take() == frozenset()
        runs.tell(["vx1", "vx2"])
        runs.tell(["vx3"])
        for one in (first, second):
            assert one.waiting()
            assert one.take() == frozenset(("vx1", "vx2", "vx3"))
            assert not one.waiting()
        runs.tell(None)
        runs.tell(["vx1"])
        assert first.take() is None
        runs.tell(f"vx{number}" for number in range(20000))
        assert first.take() is None, "too many names for one datagram"
    finally:
        first.close()
        second.close()


def test_a_fifth_follower_is_refused() -> None:
    found = [runs.Told() for _number in range(4)]
    try:
        with pytest.raises(EnvironmentProblem, match="4 event sources follow"):
            runs.Told()
    finally:
        for one in found:
            one.close()
