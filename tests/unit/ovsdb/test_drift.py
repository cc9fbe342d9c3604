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
    ConflictError,
    EnvironmentProblem,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import verify, view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import (
    Bridge,
    Device,
    Kernel,
    LocalPort,
    Observed,
    Tunnel,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.plan import plan_all
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.predict import (
    plan_back,
    predict,
)
from tests.unit.core.profile import examples
from tests.unit.ovsdb.builders import REMOTE, declare, tunnel

GOOD = Device(
    4789,
    present=True,
    up=True,
    datapath="ovs-system",
    port_no=1,
    sockets=frozenset((4, 6)),
)
WANTED: dict[str, Any] = {"name": "vx", "bridge": "br0", "remote_ip": REMOTE}


def row(name: str = "vx", owner: str | None = "default", **given: Any) -> Tunnel:
    """A row as a task with these parameters would leave it."""
    spec = tunnel(**{**WANTED, "name": name, **given})
    ids = {} if owner is None else {"tunnelmesh-owner": owner}
    return Tunnel(name, "br0", spec.columns, ids, ofport=1, port_name=name, uuid=f"i-{name}")


def host(*rows: Tunnel, device: Device | None = GOOD, **kernel: Any) -> Observed:
    """A host with one bridge."""
    devices = {} if device is None else {device.dst_port: device}
    return Observed(
        bridges={"br0": Bridge("br0", {"datapath_type": ""}, uuid="b")},
        tunnels={one.name: one for one in rows},
        root="r",
        kernel=Kernel(devices=devices, **kernel),
    )


def ops(plan: Plan) -> list[tuple[str, str]]:
    """What a plan does to what."""
    return [(step.op, step.name) for step in plan]


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


def test_what_keeps_ovs_vswitchd_from_making_a_device_stays() -> None:
    """A device that took the name, behind a tunnel of others that was refused for it."""
    theirs = replace(row("fgn", owner=None, key="9"), ofport=-1, error="File exists")
    taken = replace(GOOD, datapath=None, external=False, port_no=None)
    observed = host(theirs, device=taken)
    plan = plan_all(declare(**WANTED, dst_port=4790), observed)
    assert ops(plan) == [("create", "vx")]
    after = predict(observed, plan).kernel
    assert after is not None
    assert after.devices[4789] == taken
    assert after.devices[4790].present


LEFT = replace(GOOD, datapath=None, port_no=None)


@pytest.mark.parametrize(
    ("left", "repair"),
    [
        (LEFT, []),
        (replace(LEFT, up=False), ["set up"]),
        (replace(LEFT, extensions=frozenset({"gbp"})), ["recreate"]),
        # Deleted by ovs-vswitchd, which makes its own.
        (replace(LEFT, up=False, external=False), []),
    ],
)
def test_a_device_in_the_way_of_a_new_one_is_foreseen_as_ovs_vswitchd_leaves_it(
    left: Device, repair: list[str]
) -> None:
    observed = host(device=left)
    plan = plan_all(declare(**WANTED), observed)
    assert ops(plan) == [("create", "vx"), *((op, "vxlan_sys_4789") for op in repair)]
    after = predict(observed, plan)
    assert view.everything(after)["vxlan_sys_4789"] == view.device(GOOD)
    assert plan_all(declare(**WANTED), after) == ()


def test_a_device_of_another_kind_is_not_given_to_ovs_vswitchd_to_delete() -> None:
    observed = host(device=replace(LEFT, kind="dummy", external=False))
    with pytest.raises(ConflictError, match="vxlan_sys_4789 is a device of kind dummy"):
        plan_all(declare(**WANTED), observed)
    assert ops(plan_all(declare(**WANTED, dst_port=4790), observed)) == [("create", "vx")]


def test_the_device_of_a_tunnel_that_stays_refused_is_left_alone() -> None:
    refused = replace(row(), ofport=-1, error="Device or resource busy")
    observed = host(refused, device=replace(LEFT, up=False))
    assert ops(plan_all(declare(**WANTED), observed)) == [
        ("retry", "vx"),
        ("set up", "vxlan_sys_4789"),
    ]
    assert plan_all(declare(**WANTED), observed, retry=False) == ()


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


def test_a_held_port_is_a_conflict_for_new_tunnels_only() -> None:
    clash = {4790: "flannel.1 (vxlan, VNI 1, port 4790)"}
    observed = host(row(), clashes=clash)
    with pytest.raises(ConflictError, match=r"UDP port 4790 is not free .* flannel\.1"):
        plan_all(declare(**WANTED, dst_port=4790), observed)
    assert plan_all(declare(**WANTED), observed) == ()


def test_ipv6_that_is_off() -> None:
    wanted = {**WANTED, "remote_ip": "fd00::2"}
    with pytest.raises(EnvironmentProblem, match="IPv6 is off on this host"):
        plan_all(declare(**wanted), host(ipv6=False))
    observed = host(row(remote_ip="fd00::2"), ipv6=False)
    assert plan_all(declare(**wanted), observed) == ()
    with pytest.raises(ApplyError, match="IPv6 is off on this host"):
        verify.check(observed, ["vx"], (), None)
    closed = host(row(remote_ip="fd00::2"), device=replace(GOOD, sockets=frozenset((4,))))
    with pytest.raises(ApplyError, match="no open IPv6 socket on UDP port 4789"):
        verify.check(closed, ["vx"], (), None)


def test_userspace_needs_its_port() -> None:
    found = host(row(), userspace=frozenset((4790,)))
    bridge = replace(found.bridges["br0"], columns={"datapath_type": "netdev"})
    observed = replace(found, bridges={"br0": bridge})
    assert plan_all(declare(**WANTED), observed) == ()
    with pytest.raises(ApplyError, match="does not listen on UDP port 4789"):
        verify.check(observed, ["vx"], (), None)


def test_a_local_port_is_set_and_set_back() -> None:
    desired = declare(bridges=[{"name": "br0", "address": ["192.0.2.1/24"], "adopt": True}])
    before = host(local={"br0": LocalPort(False, ("192.0.2.9/24",))})
    plan = plan_all(desired, before)
    assert ops(plan) == [("change", "br0"), ("set", "br0")]
    after = predict(before, plan)
    assert after.kernel is not None
    assert after.kernel.local["br0"] == LocalPort(True, ("192.0.2.1/24",))
    assert plan_all(desired, after) == ()
    back = plan_back(before, after, plan)
    assert back[-1].changes == {
        "up": (True, False),
        "address": (["192.0.2.1/24"], ["192.0.2.9/24"]),
    }


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
