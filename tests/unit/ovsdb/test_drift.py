# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel drift: which repair for which state, what is foreseen, and what never is repaired."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    EnvironmentProblem,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import verify, view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import (
    Device,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.plan import plan_all
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.predict import (
    plan_back,
    predict,
)
from tests.unit.core.profile import examples
from tests.unit.ovsdb.builders import declare
from tests.unit.ovsdb.hosts import GOOD, WANTED, host, ops, row


@pytest.mark.parametrize(
    ("changes", "op", "why"),
    [
        ({"present": False}, "recreate", "was deleted"),
        ({"up": False}, "set up", "was set down"),
        ({"datapath": None}, "link", "was detached"),
        ({"datapath": None, "up": False}, "link", "was detached"),
        ({"datapath": "dp1"}, "recreate", "is linked to datapath dp1"),
        ({"external": False}, "recreate", "is not the device"),
        (
            {"extensions": frozenset({"gbp"})},
            "recreate",
            "has extensions gbp, its tunnels need none",
        ),
    ],
)
def test_each_drift_has_its_repair(changes: dict[str, Any], op: str, why: str) -> None:
    observed = host(row(), device=replace(GOOD, **changes))
    (step,) = plan_all(declare(**WANTED), observed)
    assert (step.op, step.name, step.kind) == (op, "vxlan_sys_4789", "device")
    assert why in step.why
    assert plan_all(declare(**WANTED), predict(observed, (step,))) == ()
    with pytest.raises(ApplyError, match="the kernel does not carry them"):
        verify.check(observed, ["vx"], (), None)
    verify.check(predict(observed, (step,)), ["vx"], (), None)


def test_a_new_tunnel_needs_the_device_that_vanished_from_under_another_one() -> None:
    """ovs-vswitchd believes that it has the device, and makes no other for the new tunnel."""
    theirs = row("fgn", owner=None, remote_ip="198.18.0.99")
    observed = host(theirs, device=replace(GOOD, present=False))
    plan = plan_all(declare(**WANTED), observed)
    assert ops(plan) == [("create", "vx"), ("recreate", "vxlan_sys_4789")]
    after = predict(observed, plan).kernel
    assert after is not None
    assert after.devices[4789].present


def test_a_device_that_vanished_from_under_others_alone_stays_so() -> None:
    theirs = row("fgn", owner=None, remote_ip="198.18.0.99")
    observed = host(theirs, device=replace(GOOD, present=False))
    plan = plan_all(declare(**WANTED, dst_port=4790), observed)
    assert ops(plan) == [("create", "vx")]
    after = predict(observed, plan).kernel
    assert after is not None
    assert {port: device.present for port, device in after.devices.items()} == {
        4789: False,
        4790: True,
    }


GONE = replace(GOOD, present=False, up=False, datapath=None, port_no=None, sockets=frozenset())


def test_a_device_is_repaired_before_a_new_one_takes_its_number() -> None:
    """The lowest free number of the datapath is the one that the device has in ovs-vswitchd."""
    tunnels = [WANTED, {**WANTED, "name": "new", "dst_port": 4790}]
    desired = declare(tunnels=tunnels)
    observed = host(row(), device=GONE)
    plan = plan_all(desired, observed)
    assert ops(plan) == [("recreate", "vxlan_sys_4789"), ("create", "new")]
    assert [step.phase for step in plan] == [-1, 0]
    assert plan_all(desired, predict(observed, plan)) == ()


def test_a_device_comes_back_before_its_last_tunnel_goes() -> None:
    """Or ovs-vswitchd deletes, in its place, the new device that has taken its number."""
    desired = declare(**WANTED, dst_port=4790)
    observed = host(row(), device=GONE)
    plan = plan_all(desired, observed)
    assert ops(plan) == [("recreate", "vxlan_sys_4789"), ("change", "vx")]
    after = predict(observed, plan)
    assert after.kernel is not None
    assert set(after.kernel.devices) == {4790}
    assert plan_all(desired, after) == ()
    # Nothing new comes: whatever ovs-vswitchd deletes then, there is nothing.
    assert ops(plan_all(declare(**WANTED, state="absent"), observed)) == [("delete", "vx")]


def test_a_new_bridge_takes_a_number_as_well() -> None:
    bridges = [{"name": "br0", "adopt": True}, {"name": "br1"}]
    plan = plan_all(declare(bridges=bridges, tunnels=[WANTED]), host(row(), device=GONE))
    assert ops(plan)[0] == ("recreate", "vxlan_sys_4789")
    assert ("create", "br1") in ops(plan)


def test_extensions_that_change_make_an_early_repair_anew() -> None:
    tunnels = [{**WANTED, "extensions": ["gbp"]}, {**WANTED, "name": "new", "dst_port": 4790}]
    observed = host(row(), device=GONE)
    plan = plan_all(declare(tunnels=tunnels), observed)
    assert ops(plan) == [
        ("recreate", "vxlan_sys_4789"),
        ("change", "vx"),
        ("create", "new"),
        ("recreate", "vxlan_sys_4789"),
    ]
    assert plan_all(declare(tunnels=tunnels), predict(observed, plan)) == ()


def test_a_healthy_device_needs_nothing() -> None:
    assert plan_all(declare(**WANTED), host(row())) == ()


def test_a_device_of_another_kind_is_not_touched() -> None:
    observed = host(row(), device=replace(GOOD, kind="dummy"))
    assert plan_all(declare(**WANTED), observed) == ()
    with pytest.raises(ApplyError, match="is a device of kind dummy"):
        verify.check(observed, ["vx"], (), None)


def test_a_refused_tunnel_says_nothing_about_its_device() -> None:
    refused = replace(row(), ofport=-1, error="Address already in use")
    observed = host(refused, device=replace(GOOD, present=False))
    assert ops(plan_all(declare(**WANTED), observed)) == [("retry", "vx")]
    assert plan_all(declare(**WANTED), observed, retry=False) == ()


def test_extensions_that_change_make_the_device_anew_and_are_undone() -> None:
    desired = declare(**WANTED, extensions=["gbp"])
    before = host(row())
    plan = plan_all(desired, before)
    assert ops(plan) == [("change", "vx"), ("recreate", "vxlan_sys_4789")]
    after = predict(before, plan)
    assert after.kernel is not None
    assert after.kernel.devices[4789].extensions == {"gbp"}
    assert plan_all(desired, after) == ()
    back = plan_back(before, after, plan)
    assert ops(back) == [("change", "vx"), ("recreate", "vxlan_sys_4789")]
    assert back[1].args["after"].extensions == frozenset()


def test_an_old_datapath_reloads_the_tunnels_of_the_port() -> None:
    observed = host(row(), row("vy", key="9"), device=Device(4789), per_cpu=False)
    (step,) = plan_all(declare(**WANTED), observed)
    assert step.op == "reload"
    assert [one.name for one in step.args["tunnels"]] == ["vx", "vy"]


def test_an_old_datapath_is_not_reloaded_over_the_heads_of_others() -> None:
    observed = host(row(), row("fgn", owner=None, key="9"), device=Device(4789), per_cpu=False)
    with pytest.raises(EnvironmentProblem, match="restart ovs-vswitchd") as caught:
        plan_all(declare(**WANTED), observed)
    assert "tunnel fgn on bridge br0" in caught.value.message


DEVICES = st.builds(
    Device,
    dst_port=st.just(4789),
    present=st.booleans(),
    up=st.booleans(),
    datapath=st.sampled_from([None, "ovs-system", "dp1"]),
    external=st.booleans(),
    extensions=st.sampled_from([frozenset(), frozenset({"gbp"}), frozenset({"gpe"})]),
    sockets=st.just(frozenset((4, 6))),
)


@given(
    DEVICES,
    st.sampled_from([[], ["gbp"], ["gpe"]]),
    st.sampled_from([[], ["gbp"], ["gpe"]]),
    st.sampled_from([None, 1, -1]),
)
@examples(200)
def test_law_one_with_the_kernel(
    device: Device, before: list[str], after: list[str], ofport: int | None
) -> None:
    observed = host(replace(row(extensions=before), ofport=ofport), device=device)
    desired = declare(**WANTED, extensions=after)
    expected = predict(observed, plan_all(desired, observed))
    assert plan_all(desired, expected) == ()
    # What is shown is foreseen to be healthy, or not there yet.
    seen = view.everything(expected).get("vxlan_sys_4789")
    if ofport == 1:
        assert seen is not None
        assert (seen["state"], seen["up"], seen["extensions"]) == ("present", True, after)
