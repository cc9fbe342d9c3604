# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan fills in: port numbers and MTUs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ConflictError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import TYPE_NETDEV
from tests.unit.kernel.builders import DECLARED, host, linked_numbers, ops, plan, refusal

Options = dict[str, Any]


# -- port numbers -------------------------------------------------------------------------------


def test_new_ports_get_the_lowest_free_numbers_in_the_order_declared() -> None:
    made = host()
    made.vxlan("old", "lab0", 2, vni=9)
    entries = [{"name": "c", "vni": 1}, {"name": "a", "vni": 2}, {"name": "b", "vni": 3}]
    assert linked_numbers(made, ports=entries) == {"c": 1, "a": 3, "b": 4}


def test_a_declared_number_is_not_given_to_another() -> None:
    entries = [{"name": "a", "vni": 1}, {"name": "b", "vni": 2, "port_no": 1}]
    assert linked_numbers(host(), ports=entries) == {"a": 2, "b": 1}


def test_a_number_that_is_taken_is_refused_and_its_holder_named() -> None:
    made = host()
    made.device("tap0", kind="tun")
    made.link("lab0", "tap0", 5)
    error = refusal(made, name="vx1", port_no=5, **DECLARED)
    assert isinstance(error, ConflictError)
    assert "port number 5 of datapath lab0 is taken" in error.cause
    assert error.culprit == "port tap0"


def test_a_number_is_free_when_its_port_goes_or_moves() -> None:
    made = host()
    made.vxlan("goes", "lab0", 5, vni=5)
    made.vxlan("moves", "lab0", 6, vni=6)
    entries = [
        {"name": "goes", "state": "absent"},
        {"name": "moves", "vni": 6, "port_no": 7, "local_ip": "192.0.2.1"},
        {"name": "five", "vni": 1, "port_no": 5},
        {"name": "six", "vni": 2, "port_no": 6},
    ]
    assert linked_numbers(made, ports=entries) == {"moves": 7, "five": 5, "six": 6}


def test_two_ports_swap_their_numbers() -> None:
    made = host()
    made.vxlan("a", "lab0", 1, vni=1)
    made.vxlan("b", "lab0", 2, vni=2)
    entries = [{"name": "a", "vni": 1, "port_no": 2}, {"name": "b", "vni": 2, "port_no": 1}]
    steps = plan(made.observed(), ports=entries, local_ip="192.0.2.1")
    assert ops(steps) == [("detach", "a"), ("detach", "b"), ("link", "a"), ("link", "b")]
    assert {step.name: step.args["port_no"] for step in steps[2:]} == {"a": 2, "b": 1}


def test_two_ports_swap_their_vnis() -> None:
    made = host()
    made.vxlan("a", "lab0", 1, vni=1)
    made.vxlan("b", "lab0", 2, vni=2)
    entries = [{"name": "a", "vni": 2}, {"name": "b", "vni": 1}]
    assert linked_numbers(made, ports=entries, local_ip="192.0.2.1") == {"a": 1, "b": 2}


def test_a_full_datapath_is_refused() -> None:
    made = host()
    made.datapath("full")
    found = made.datapaths["full"]
    local = found.vports[0]
    numbers = range(1, 65535)
    vports = tuple(type(local)(number, f"p{number}", TYPE_NETDEV, 9000) for number in numbers)
    made.datapaths["full"] = type(found)(found.ifindex, "full", vports=(local, *vports))
    error = refusal(made, name="vx1", datapath="full", **DECLARED)
    assert "datapath full has no free port number" in error.cause


# -- MTU ----------------------------------------------------------------------------------------

SIX = {"vni": 100, "local_ip": "fd00::1", "remotes": ["fd00::2"]}


@pytest.mark.parametrize(
    ("options", "mtu"),
    [
        (DECLARED, 1450),
        ({**DECLARED, "dev": "big0"}, 8950),
        ({**DECLARED, "local_ip": "198.51.100.1"}, 8950),
        ({**DECLARED, "local_ip": "203.0.113.1"}, 1450),
        ({"vni": 1}, 1450),
        ({**SIX, "dev": "eth0"}, 1430),
        (SIX, 1430),
        ({"vni": 1, "remotes": ["fd00::2"], "dev": "big0"}, 8930),
        ({}, 65000),
        ({"dev": "eth0"}, 1450),
        ({"vport_type": "vxlan"}, 65535),
        ({"vport_type": "vxlan", "mtu": "1400"}, 1400),
        ({**DECLARED, "mtu": "1300"}, 1300),
        ({**DECLARED, "mtu": "9000"}, 9000),
    ],
)
def test_the_mtu(options: Options, mtu: int) -> None:
    made = host()
    made.device("big0", "198.51.100.1/24", mtu=9000)
    create = plan(made.observed(), name="vx1", **options)[0]
    assert create.args["state"].mtu == mtu


def test_an_mtu_that_the_underlay_does_not_carry() -> None:
    error = refusal(host(), name="vx1", dev="eth0", mtu="1451", **DECLARED)
    assert "mtu 1451 is larger than the underlay carries" in error.cause
    assert error.culprit == "eth0 has MTU 1500, less 50 bytes of headers 1450"
    assert "1430" in str(refusal(host(), name="vx1", dev="eth0", mtu="1431", **SIX).culprit)


def test_an_underlay_that_leaves_less_than_the_least_mtu() -> None:
    made = host()
    made.device("tiny0", mtu=100)
    error = refusal(made, name="vx1", dev="tiny0", **DECLARED)
    assert "underlay device tiny0 is too small" in error.cause


def test_a_flood_list_that_is_left_alone_counts_for_the_family() -> None:
    made = host()
    made.vxlan(
        "vx1", "lab0", 1, dev="eth0", attrs={"local_ip": None}, remotes=["fd00::2"], mtu=1430
    )
    assert plan(made.observed(), name="vx1", vni=100, dev="eth0") == ()
