# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose port it is: marks, tokens of killed runs, adopt, purge."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ConflictError,
    OwnershipError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import mark, token
from tests.unit.kernel.builders import DECLARED, host, ops, plan

OURS, THEIRS = token("default"), token("other")


@pytest.mark.parametrize(
    ("live", "culprit"),
    [
        ({"alias": ""}, "made by hand or by another program"),
        ({"alias": "uplink"}, "made by hand or by another program"),
        ({"alias": mark("other")}, "belongs to owner 'other', this task's owner is 'default'"),
        ({"alias": "", "link_group": THEIRS}, "made by hand or by another program"),
        ({"alias": "uplink", "link_group": OURS}, "made by hand or by another program"),
        ({"alias": mark("other"), "link_group": OURS}, "belongs to owner 'other'"),
    ],
)
@pytest.mark.parametrize("state", ["present", "detached", "absent"])
def test_what_is_not_ours_is_refused_unless_adopted(
    live: dict[str, Any], culprit: str, state: str
) -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1, **live)
    options = {"name": "vx1", "state": state, **({} if state == "absent" else DECLARED)}
    with pytest.raises(OwnershipError, match="vx1 exists and is not marked as ours") as caught:
        plan(made.observed(), **options)
    assert culprit in str(caught.value.culprit)
    assert "adopt: true" in str(caught.value.remedy)
    assert plan(made.observed(), adopt=True, **options)


def test_another_owner_is_another_declaration() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1, alias=mark("other"))
    assert plan(made.observed(), name="vx1", owner="other", **DECLARED) == ()


def test_the_token_of_a_killed_run_is_taken_up_and_cleared() -> None:
    made = host()
    made.vxlan("vx1", alias="", link_group=OURS, remotes=[])
    change, link = plan(made.observed(), name="vx1", **DECLARED)
    assert change.args["changes"]["link_group"] == (OURS, 0)
    assert change.changes["unfinished"] == (True, False)
    assert change.changes["mark"] == (None, mark("default"))
    assert change.changes["remotes"][1] == DECLARED["remotes"]
    assert link.op == "link"


def test_the_token_of_a_killed_run_in_a_legacy_port() -> None:
    made = host()
    made.legacy("vx1", "lab0", 1, alias="", upcall=OURS)
    (change,) = plan(made.observed(), name="vx1", vport_type="vxlan")
    assert change.args["changes"]["upcall_pid"] == (OURS, 0)
    assert (change.args["datapath"], change.args["port_no"]) == ("lab0", 1)
    assert change.changes == {"unfinished": (True, False), "mark": (None, mark("default"))}


def test_what_a_killed_run_left_may_be_made_again_even_where_recreating_is_forbidden() -> None:
    made = host()
    made.vxlan("vx1", alias="", link_group=OURS, remotes=[], vni=7)
    steps = plan(made.observed(), name="vx1", recreate="never", **DECLARED)
    assert [step.op for step in steps] == ["delete", "create", "link"]


def test_purge_takes_what_is_ours_and_nothing_else() -> None:
    made = host()
    made.vxlan("ours", "lab0", 1, vni=1)
    made.vxlan("loose", vni=2)
    made.vxlan("killed", vni=3, alias="", link_group=OURS)
    made.legacy("legacy", "lab0", 4, attrs={"dst_port": 5000})
    made.vxlan("theirs", "lab0", 5, vni=5, alias=mark("other"))
    made.vxlan("hand", "lab0", 6, vni=6, alias="")
    made.vxlan("theirs2", vni=7, alias="", link_group=THEIRS)
    made.device("dummy0", kind="dummy", alias=mark("default"))
    steps = plan(made.observed(), purge=True)
    assert ops(steps) == [
        ("detach", "ours"),
        ("delete", "ours"),
        ("delete", "loose"),
        ("delete", "killed"),
        ("delete", "legacy"),
    ]
    assert {step.why for step in steps} == {"ours and not declared: purge"}


def test_purge_spares_what_is_declared() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1)
    made.vxlan("vx2", "lab0", 2, vni=2)
    steps = plan(made.observed(), name="vx1", purge=True, **DECLARED)
    assert ops(steps) == [("detach", "vx2"), ("delete", "vx2")]


def test_without_purge_nothing_that_is_not_declared_goes() -> None:
    made = host()
    made.vxlan("vx2", "lab0", 2, vni=2)
    assert ops(plan(made.observed(), name="vx1", **DECLARED)) == [
        ("create", "vx1"),
        ("link", "vx1"),
    ]


@pytest.mark.parametrize("state", ["present", "detached", "absent"])
def test_a_device_of_another_kind_is_refused_even_if_it_is_to_be_adopted(state: str) -> None:
    options = {"name": "br0", "state": state, "adopt": True}
    made = host()
    made.device("br0", kind="bridge")
    with pytest.raises(ConflictError, match="br0 is not a vxlan device") as caught:
        plan(made.observed(), **options)
    assert caught.value.culprit == "br0 is a device of kind bridge"
    options["name"] = "eth0"
    with pytest.raises(ConflictError) as caught:
        plan(made.observed(), **options)
    assert caught.value.culprit == "eth0 is a device of kind physical or loopback"


def test_a_port_in_the_datapath_of_ovs_vswitchd_can_be_taken_out_of_it() -> None:
    made = host()
    made.datapath("ovs-system", alias="", per_cpu=True)
    made.vxlan("vx1", "ovs-system", 3)
    steps = plan(made.observed(), name="vx1", **DECLARED)
    assert ops(steps) == [("detach", "vx1"), ("link", "vx1")]
