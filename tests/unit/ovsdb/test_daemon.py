"""The state of ovs-vswitchd: a moment in the kernel is none, a long wait there is a hang."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import daemon
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.daemon import Vswitchd


def samples(monkeypatch: pytest.MonkeyPatch, states: Iterator[str]) -> None:
    monkeypatch.setattr(daemon, "_sample", lambda _rundir: Vswitchd(411, next(states)))
    monkeypatch.setattr(daemon, "MOMENT", 0.05)


def test_a_daemon_that_waits_in_the_kernel_for_a_moment_is_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples(monkeypatch, iter("DDS"))
    assert daemon.look("/run/openvswitch").complaint() is None


def test_one_that_goes_on_waiting_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    samples(monkeypatch, itertools.repeat("D"))
    complaint = daemon.look("/run/openvswitch").complaint()
    assert complaint == "ovs-vswitchd (pid 411) hangs in the kernel"


def test_one_that_is_stopped_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    samples(monkeypatch, iter("T"))
    assert "is stopped" in str(daemon.look("/run/openvswitch").complaint())
