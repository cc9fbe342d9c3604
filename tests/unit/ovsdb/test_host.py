# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has already, and what it cannot do: in the way of new tunnels and bridges, or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    ConflictError,
    EnvironmentProblem,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import verify, view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import Device, LocalPort
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.plan import plan_all
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.predict import (
    plan_back,
    predict,
)
from tests.unit.ovsdb.builders import declare
from tests.unit.ovsdb.hosts import GOOD, WANTED, host, ops, row


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


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "adopted"])
def test_a_device_that_is_no_local_port_keeps_its_name(ours: bool) -> None:
    found = host(taken={"br0": "dummy", "br1": ""})
    desired = declare(bridges=[{"name": "br0", "adopt": not ours}])
    if ours:
        found = replace(found, bridges={})
    with pytest.raises(ConflictError, match="br0 is a device of kind dummy"):
        plan_all(desired, found)
    with pytest.raises(ConflictError, match="br1 is a network card"):
        plan_all(declare(bridges=[{"name": "br1"}]), found)
    assert plan_all(declare(bridges=[{"name": "br1", "state": "absent"}]), found) == ()


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
