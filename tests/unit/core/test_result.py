# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run returns: actions in order, and a diff of what differs only."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core import result
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Step, describe

BEFORE: dict[str, Any] = {"gone": {"mtu": 1}, "kept": {"mtu": 2}, "changed": {"mtu": 3}}
AFTER: dict[str, Any] = {"kept": {"mtu": 2}, "changed": {"mtu": 4}, "added": {"mtu": 5}}
STEPS = (
    Step("delete", "gone", "declared absent"),
    Step("change", "changed", "differs", {"up": (False, True), "mtu": (3, 4)}, {"secret": 1}, 40),
    Step("create", "dp0", "declared present", kind="datapath"),
)


def test_actions_say_what_is_done_to_what_and_why() -> None:
    built = result.build(STEPS, BEFORE, AFTER, "ports", [])
    assert built["changed"] is True
    assert built["actions"] == [
        {"action": "delete", "port": "gone", "why": "declared absent"},
        {
            "action": "change",
            "port": "changed",
            "why": "differs",
            "changes": {
                "mtu": {"before": 3, "after": 4},
                "up": {"before": False, "after": True},
            },
        },
        {"action": "create", "datapath": "dp0", "why": "declared present"},
    ]


def test_the_diff_leaves_out_what_stays() -> None:
    diff = result.build(STEPS, BEFORE, AFTER, "ports", [])["diff"]
    assert yaml.safe_load(diff["before"]) == {"gone": {"mtu": 1}, "changed": {"mtu": 3}}
    assert yaml.safe_load(diff["after"]) == {"changed": {"mtu": 4}, "added": {"mtu": 5}}


def test_no_steps_is_no_change_and_an_empty_diff() -> None:
    built = result.build((), BEFORE, BEFORE, "ports", [{"name": "kept"}])
    assert built == {
        "changed": False,
        "actions": [],
        "diff": {"before": "", "after": ""},
        "ports": [{"name": "kept"}],
    }


def test_warnings_are_there_only_when_there_are_any() -> None:
    assert result.build((), {}, {}, "ports", [], ["careful"])["warnings"] == ["careful"]
    assert "warnings" not in result.build((), {}, {}, "ports", [])


def test_a_step_in_one_line() -> None:
    assert describe(STEPS[0]) == "delete port gone"
    assert describe(STEPS[2]) == "create datapath dp0"
