# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan refuses because of the host: VNIs, UDP ports, other devices."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ConflictError,
    EnvironmentProblem,
    OwnershipError,
)
from tests.unit.kernel.builders import DECLARED, host, linked_numbers, ops, plan, refusal

Options = dict[str, Any]


# -- VNIs and UDP ports -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "options", "culprit"),
    [
        ({"vni": 100}, DECLARED, "vx9 (vxlan, VNI 100, port 4789)"),
        ({"vni": 100, "up": False}, DECLARED, "vx9 (vxlan, VNI 100, port 4789, down)"),
        (
            {"vni": 7, "attrs": {"gbp": True}},
            {**DECLARED, "vni": 7, "extensions": ["gbp"]},
            "vx9 (vxlan, VNI 7, port 4789, gbp)",
        ),
        (
            {"vni": 100, "remotes": [], "attrs": {"local_ip": None}},
            DECLARED,
            "vx9 (vxlan, VNI 100, port 4789)",
        ),
    ],
)
def test_one_vni_and_port_cannot_be_there_twice(
    live: Options, options: Options, culprit: str
) -> None:
    made = host()
    made.vxlan("vx9", alias="flannel", **live)
    error = refusal(made, name="vx1", **options)
    assert isinstance(error, ConflictError)
    assert f"VNI {options['vni']} on UDP port 4789 already exists" in error.cause
    assert error.culprit == culprit


@pytest.mark.parametrize(
    ("live", "options"),
    [
        ({"vni": 101}, {}),
        ({"vni": 100, "attrs": {"dst_port": 8472}}, {}),
        ({"vni": 100, "attrs": {"local_ip": "fd00::1"}, "remotes": ["fd00::2"]}, {}),
        ({"vni": 100, "up": False, "attrs": {"gbp": True}}, {}),
        ({"vni": 100, "attrs": {"local_ip": "fd00::1", "gbp": True}, "remotes": []}, {}),
    ],
)
def test_devices_that_live_side_by_side(live: Options, options: Options) -> None:
    made = host()
    made.vxlan("vx9", alias="flannel", **live)
    assert plan(made.observed(), name="vx1", **{**DECLARED, **options})


@pytest.mark.parametrize(
    "flag", ["gbp", "gpe", "udp_zero_csum6_rx", "remcsum_rx", "remcsum_nopartial", "external"]
)
def test_other_receive_flags_cannot_share_a_udp_port(flag: str) -> None:
    made = host()
    made.vxlan("vx9", vni=9, alias="flannel", attrs={flag: True})
    error = refusal(made, name="vx1", **DECLARED)
    assert "UDP port 4789 is held by a device with other flags" in error.cause
    assert str(error.culprit).startswith("vx9 (vxlan, ")


def test_an_external_device_is_there_once_per_udp_port() -> None:
    made = host()
    made.external("vx9", alias="by hand")
    error = refusal(made, name="vx1")
    assert "an external device on UDP port 4789 already exists" in error.cause
    assert error.culprit == "vx9 (vxlan, external, port 4789)"
    assert plan(made.observed(), name="vx1", dst_port=4790)


def test_a_legacy_port_shares_its_udp_port_with_nobody() -> None:
    made = host()
    made.legacy("vx9", "lab0", 1)
    error = refusal(made, name="vx1", **DECLARED)
    assert "UDP port 4789 is held" in error.cause
    assert error.culprit == "vx9 (vxlan, external, port 4789, linked to lab0)"
    made = host()
    made.vxlan("vx9", vni=9)
    assert "UDP port 4789 is held" in refusal(made, name="vx1", vport_type="vxlan").cause


def test_two_declared_ports_must_not_collide_either() -> None:
    entries = [{"name": "a", "vni": 1}, {"name": "b", "vni": 1}]
    assert "VNI 1 on UDP port 4789 already exists" in refusal(host(), ports=entries).cause
    entries = [{"name": "a", "vni": 1}, {"name": "b", "vni": 2, "extensions": ["gbp"]}]
    assert "is held by a device with other flags" in refusal(host(), ports=entries).cause


def test_bringing_up_a_port_is_checked_too() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1, up=False)
    made.vxlan("vx9", vni=9, attrs={"gbp": True})
    assert "is held by a device with other flags" in refusal(made, name="vx1", **DECLARED).cause


def test_a_collision_that_the_plan_itself_removes_is_none() -> None:
    made = host()
    made.vxlan("vx9", "lab0", 1)
    assert plan(made.observed(), name="vx1", purge=True, **DECLARED)


@pytest.mark.parametrize(
    ("held", "options", "refused"),
    [
        ((4, 4789), DECLARED, True),
        ((6, 4789), DECLARED, False),
        ((6, 4789), {"vni": 1, "local_ip": "fd00::1"}, True),
        ((4, 4789), {"vni": 1, "local_ip": "fd00::1"}, False),
        ((4, 4789), {}, True),
        ((6, 4789), {}, True),
        ((4, 4790), DECLARED, False),
    ],
)
def test_a_udp_port_that_a_program_holds(
    held: tuple[int, int], options: Options, refused: bool
) -> None:
    made = host()
    made.udp = {held}
    if not refused:
        assert plan(made.observed(), name="vx1", **options)
        return
    error = refusal(made, name="vx1", **options)
    assert error.cause == "vx1: UDP port 4789 is held by another program or device"
    assert error.details == {"udp_port": 4789}


def test_a_udp_port_that_a_vxlan_device_serves_is_shared() -> None:
    made = host()
    made.vxlan("vx9", vni=9)
    made.udp = {(4, 4789)}
    assert plan(made.observed(), name="vx1", **DECLARED)


# -- other devices ------------------------------------------------------------------------------


def test_an_enslaved_device_is_not_linked() -> None:
    made = host()
    bridge = made.device("br0", kind="bridge")
    made.vxlan("vx1", master=bridge, slave_kind="bridge")
    error = refusal(made, name="vx1", **DECLARED)
    assert "vx1 is enslaved and cannot be linked to a datapath" in error.cause
    assert error.culprit == "master br0 (bridge)"
    assert plan(made.observed(), name="vx1", state="detached", **DECLARED) == ()
    assert ops(plan(made.observed(), name="vx1", state="absent")) == [("delete", "vx1")]


def test_a_datapath_that_does_not_exist() -> None:
    error = refusal(host(), name="vx1", datapath="lab9", **DECLARED)
    assert isinstance(error, EnvironmentProblem)
    assert error.cause == "vx1: datapath lab9 does not exist"


def test_a_dry_run_may_assume_the_datapath() -> None:
    steps = plan(host().observed(), name="vx1", datapath="lab9", check_mode_assume=["lab9"])
    assert linked_numbers(host(), name="vx1", datapath="lab9", check_mode_assume=["lab9"]) == {
        "vx1": 1
    }
    assert ops(steps) == [("create", "vx1"), ("link", "vx1")]


def test_a_datapath_of_ovs_vswitchd_is_refused_whatever_its_name() -> None:
    made = host()
    made.datapath("dp7", per_cpu=True)
    error = refusal(made, name="vx1", datapath="dp7", **DECLARED)
    assert isinstance(error, OwnershipError)
    assert "owned by ovs-vswitchd" in error.cause
    assert "ovs_vxlan_tunnel" in str(error.remedy)


def test_an_underlay_device_that_does_not_exist() -> None:
    error = refusal(host(), name="vx1", dev="eth9", **DECLARED)
    assert error.cause == "vx1: underlay device eth9 does not exist"
