# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what ovs-vswitchd says to what a user can act on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    ConflictError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import diagnose, view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.daemon import Vswitchd, look
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.database import Unconfirmed
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.plan import plan_all
from tests.unit.ovsdb.builders import declare
from tests.unit.ovsdb.hosts import WANTED, host, row


def _refused(text: str, *others: str) -> ApplyError:
    found = replace(row(key="5"), ofport=-1, error=text)
    rows = [row(name, owner=None, key="5") for name in others]
    return diagnose.refused([found], host(found, *rows), lambda port: f"process x holds {port}")


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        (
            "could not add network device vx to ofproto (Address already in use)",
            "process x holds 4789",
        ),
        ("could not add network device vx to ofproto (File exists)", "process x holds 4789"),
        ("could not set configuration (Address family not supported by protocol)", "IPv6 is off"),
    ],
)
def test_culprits(text: str, culprit: str) -> None:
    error = _refused(text)
    assert text in error.cause
    assert culprit in str(error.culprit)
    assert error.remedy


def test_a_twin_and_a_neighbour_are_named() -> None:
    exists = "could not add network device vx to ofproto (File exists)"
    assert "port twin on bridge br0 has the same remote" in str(_refused(exists, "twin").culprit)
    mix = "vx: VXLAN-GBP, and non-VXLAN-GBP tunnels can't be configured on the same dst_port"
    assert _refused(mix, "plain").culprit == "port plain on bridge br0"


def test_a_reserved_name_has_no_error_text() -> None:
    found = replace(row(), name="vxlan_sys_1", ofport=-1)
    error = diagnose.refused([found], host(found), None)
    assert "ofport -1 and no reason" in error.cause
    assert "reserved" in str(error.remedy)


def test_many_with_one_cause_are_one_message() -> None:
    text = "could not add network device {} to ofproto (Address already in use)"
    found = [replace(row(f"vx{n}"), ofport=-1, error=text.format(f"vx{n}")) for n in range(9)]
    error = diagnose.refused(found, host(*found), None)
    assert "refused vx0, vx1, vx2, vx3, vx4 and 4 more" in error.cause


@pytest.mark.parametrize(
    ("daemon", "words"),
    [
        (Vswitchd(), "ovs-vswitchd is not running"),
        (Vswitchd(7, "T"), "ovs-vswitchd (pid 7) is stopped"),
        (Vswitchd(7, "D"), "hangs in the kernel"),
        (Vswitchd(7, "R"), "is running, but busy or hung"),
        (None, "on the host of the database"),
    ],
)
def test_a_daemon_that_does_not_follow(daemon: Vswitchd | None, words: str) -> None:
    error = diagnose.unconfirmed(Unconfirmed(5, 3, 2), daemon)
    assert "did not confirm it within 5 s (next_cfg 3, cur_cfg 2)" in error.message
    assert words in error.message


def test_no_pid_file_is_no_daemon(tmp_path: object) -> None:
    assert look(str(tmp_path)) == Vswitchd()


COLLISIONS = [
    ({"key": "5"}, {"key": "5"}, "remote_ip 198.18.0.2, local_ip unset, key 5 and dst_port 4789"),
    ({"key": "5"}, {"in_key": "0x5", "out_key": "9"}, "exists already"),
    ({}, {"key": "0"}, "key 0 and dst_port 4789 exists already"),
    ({"key": "1", "extensions": ["gbp"]}, {"key": "2"}, "cannot share UDP port 4789"),
    (
        {"key": "1", "extensions": ["gpe"]},
        {"key": "2", "extensions": ["gbp"]},
        "cannot share UDP port 4789",
    ),
    (
        {"key": "1", "ofport_request": 5},
        {"key": "2", "ofport_request": 5},
        "ofport_request 5 is asked for twice",
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "message"), COLLISIONS)
@pytest.mark.parametrize("foreign", [True, False])
def test_collisions(
    ours: dict[str, object], theirs: dict[str, object], message: str, foreign: bool
) -> None:
    """With a row of somebody else, and within one declaration."""
    mine = {**WANTED, "name": "mine", **ours}
    if foreign:
        observed, declared = host(row("theirs", owner=None, **theirs)), declare(**mine)
    else:
        tunnels = [{**WANTED, "name": "theirs", **theirs}, mine]
        observed, declared = host(), declare(tunnels=tunnels)
    with pytest.raises(ConflictError) as caught:
        plan_all(declared, observed)
    assert message in caught.value.message
    assert "theirs" in caught.value.message or "mine" in caught.value.message


def test_two_foreign_tunnels_that_collide_are_not_our_business() -> None:
    observed = host(row("a", owner=None, key="3"), row("b", owner=None, key="3"))
    (step,) = plan_all(declare(**WANTED), observed)
    assert step.op == "create"


def test_a_tunnel_that_takes_over_an_identity_is_no_collision() -> None:
    observed = host(row("old", key="3"))
    plan = plan_all(declare(**{**WANTED, "key": "3"}, purge=True), observed)
    assert [(step.op, step.name) for step in plan] == [("delete", "old"), ("create", "vx")]


def test_secrets_are_never_shown() -> None:
    observed = host(row(psk="swordfish"))
    desired = declare(**WANTED, psk="marlin")
    (step,) = plan_all(desired, observed)
    after = replace(observed, tunnels={"vx": row(psk="marlin")})
    shown = [step.action(), view.everything(observed), view.everything(after, since=observed)]
    shown.append(view.live_tunnels(observed, ["vx"])[0])
    assert "psk" in step.changes
    assert "swordfish" not in str(shown)
    assert "marlin" not in str(shown)
    assert view.everything(observed)["vx"] != view.everything(after, since=observed)["vx"]
