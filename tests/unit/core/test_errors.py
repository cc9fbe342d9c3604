# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors: one line that names cause, culprit and remedy."""

from __future__ import annotations

import errno

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    LostRace,
    TunnelMeshError,
)


def test_the_message_has_cause_culprit_and_remedy() -> None:
    error = TunnelMeshError("the port is held", culprit="vx1", remedy="remove vx1", port=4789)
    assert str(error) == "the port is held: vx1. Remedy: remove vx1"
    assert error.details == {"port": 4789}


def test_what_is_not_known_is_left_out() -> None:
    assert str(TunnelMeshError("the port is held")) == "the port is held"
    assert str(TunnelMeshError("the port is held", culprit="vx1")) == "the port is held: vx1"


def test_an_apply_error_keeps_its_errno_and_a_lost_race_is_one() -> None:
    error = LostRace("vx1 is gone", errno=errno.ENODEV, remedy="run again")
    assert isinstance(error, ApplyError)
    assert error.errno == errno.ENODEV
    assert error.details == {}
    assert str(error) == "vx1 is gone. Remedy: run again"
