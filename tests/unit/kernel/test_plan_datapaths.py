# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for datapaths: create, change, delete, purge; whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ConflictError,
    OwnershipError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import mark, token
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.predict import predict
from tests.unit.kernel.builders import Host, host, ops, plan_dp, refusal_dp, wired

Options = dict[str, Any]
OURS = token("default")


# -- create and change --------------------------------------------------------------------------


def test_a_new_datapath_is_created_and_brought_up() -> None:
    create, change = plan_dp(host().observed(), name="lab1")
    assert create.action() == {"action": "create", "datapath": "lab1", "why": "declared present"}
    assert create.args == {"token": OURS, "alias": mark("default")}
    assert change.changes == {"up": (False, True)}


def test_a_new_datapath_with_everything() -> None:
    steps = plan_dp(host().observed(), name="lab1", mtu=1450, address=["198.18.0.1/24"], up=False)
    assert ops(steps) == [("create", "lab1"), ("change", "lab1")]
    assert steps[1].changes == {"mtu": (1500, 1450), "address": ([], ["198.18.0.1/24"])}


def test_a_new_datapath_that_stays_down_needs_nothing_more() -> None:
    assert ops(plan_dp(host().observed(), name="lab1", up=False)) == [("create", "lab1")]


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {}),
        ({"up": False}, {"up": (True, False)}),
        ({"mtu": 1500}, {}),
        ({"mtu": 1400}, {"mtu": (1500, 1400)}),
        ({"address": ["198.18.0.1/24", "fd00::1/64"]}, {}),
        ({"address": ["fd00::1/64", "198.18.0.1/24"]}, {}),
        ({"address": []}, {"address": (["198.18.0.1/24", "fd00::1/64"], [])}),
        (
            {"address": ["198.18.0.1/25"]},
            {"address": (["198.18.0.1/24", "fd00::1/64"], ["198.18.0.1/25"])},
        ),
    ],
)
def test_what_changes_on_the_local_port(options: Options, changes: Options) -> None:
    made = Host()
    made.datapath("lab0", "198.18.0.1/24", "fd00::1/64")
    steps = plan_dp(made.observed(), name="lab0", **options)
    assert [step.changes for step in steps] == ([changes] if changes else [])


def test_the_token_of_a_killed_run_is_taken_up_and_cleared() -> None:
    made = Host()
    made.datapath("lab0", alias="", upcall=OURS)
    (change,) = plan_dp(made.observed(), name="lab0")
    assert change.args["changes"] == {"alias": ("", mark("default")), "upcall_pid": (OURS, 0)}
    assert change.changes == {"mark": (None, mark("default")), "unfinished": (True, False)}


@pytest.mark.parametrize("kind", ["bridge", ""])
def test_a_name_that_another_device_has(kind: str) -> None:
    made = host()
    made.device("lab1", kind=kind)
    error = refusal_dp(made, name="lab1")
    assert isinstance(error, ConflictError)
    assert error.culprit == f"lab1 is a device of kind {kind or 'physical'}"


# -- whose it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alias", "upcall", "culprit"),
    [
        ("", 0, "made by hand or by another program"),
        ("", token("other"), "made by hand or by another program"),
        ("mine", OURS, "made by hand or by another program"),
        (mark("other"), 0, "belongs to owner 'other', this task's owner is 'default'"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_is_not_ours_is_refused_unless_adopted(
    alias: str, upcall: int, culprit: str, state: str
) -> None:
    made = Host()
    made.datapath("lab0", alias=alias, upcall=upcall)
    error = refusal_dp(made, name="lab0", state=state)
    assert isinstance(error, OwnershipError)
    assert culprit in str(error.culprit)
    assert plan_dp(made.observed(), name="lab0", state=state, adopt=True)


@pytest.mark.parametrize("options", [{}, {"state": "absent", "force": True}, {"adopt": True}])
def test_the_datapath_of_ovs_vswitchd_is_refused_even_if_it_is_marked(options: Options) -> None:
    made = Host()
    made.datapath("dp7", per_cpu=True)
    error = refusal_dp(made, name="dp7", **options)
    assert "datapath dp7 is owned by ovs-vswitchd" in error.cause
    assert plan_dp(made.observed(), purge=True) == ()


# -- delete and purge ---------------------------------------------------------------------------


def test_absent_deletes_and_says_what_becomes_of_the_ports() -> None:
    made = wired()
    made.legacy("leg", "lab0", 3)
    (step,) = plan_dp(made.observed(), name="lab0", state="absent")
    assert step.op == "delete"
    assert step.why == "declared absent; detaches vx1, vx2; deletes leg"
    after = predict(made.observed(), (step,))
    assert "lab0" not in after.datapaths
    assert after.link("leg") is None
    survivor = after.link("vx1")
    assert survivor is not None
    assert (survivor.master, survivor.promiscuity) == (0, 0)


def test_absent_of_what_is_not_there_is_nothing() -> None:
    assert plan_dp(host().observed(), name="lab9", state="absent") == ()


@pytest.mark.parametrize("how", [{"name": "lab0", "state": "absent"}, {"purge": True}])
def test_a_datapath_with_ports_of_others_is_not_deleted(how: Options) -> None:
    made = wired()
    made.internal("lab0", "int0", 3)
    made.vxlan("theirs", "lab0", 4, vni=4, alias=mark("other"))
    error = refusal_dp(made, **how)
    assert isinstance(error, OwnershipError)
    assert "ports that are not marked as ours" in error.cause
    assert error.culprit == "int0, theirs"


def test_force_cuts_off_the_ports_of_others() -> None:
    made = wired()
    made.internal("lab0", "int0", 3)
    steps = plan_dp(made.observed(), name="lab0", state="absent", force=True)
    assert ops(steps) == [("delete", "lab0")]
    assert steps[0].why.endswith("deletes int0")


def test_purge_takes_what_is_ours_and_not_declared() -> None:
    made = Host()
    made.datapath("lab0")
    made.datapath("lab1")
    made.datapath("killed", alias="", upcall=OURS)
    made.datapath("theirs", alias=mark("other"))
    made.datapath("hand", alias="")
    steps = plan_dp(made.observed(), name="lab0", purge=True)
    assert ops(steps) == [("delete", "lab1"), ("delete", "killed")]
    assert {step.why for step in steps} == {"ours and not declared: purge"}
