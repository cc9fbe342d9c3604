# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for ports: transitions, what changes in place, what recreates."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import ConflictError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import ATTRIBUTES
from tests.unit.kernel.builders import DECLARED, Host, host, ops, plan

RECREATE = ["detach", "delete", "create", "link"]


def in_state(state: str) -> Host:
    """A host with vx1 in a state."""
    made = host()
    if state == "detached":
        made.vxlan("vx1")
    elif state == "present":
        made.vxlan("vx1", "lab0", 7)
    elif state == "legacy":
        made.legacy("vx1", "lab0", 7)
    return made


def declare(state: str) -> dict[str, Any]:
    """The options that ask for a state of vx1."""
    if state == "legacy":
        return {"name": "vx1", "vport_type": "vxlan"}
    return {"name": "vx1", "state": state, **({} if state == "absent" else DECLARED)}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("absent", "absent", []),
        ("absent", "detached", ["create"]),
        ("absent", "present", ["create", "link"]),
        ("absent", "legacy", ["create"]),
        ("detached", "absent", ["delete"]),
        ("detached", "detached", []),
        ("detached", "present", ["link"]),
        ("detached", "legacy", ["delete", "create"]),
        ("present", "absent", ["detach", "delete"]),
        ("present", "detached", ["detach"]),
        ("present", "present", []),
        ("present", "legacy", ["detach", "delete", "create"]),
        ("legacy", "absent", ["delete"]),
        ("legacy", "detached", ["delete", "create"]),
        ("legacy", "present", ["delete", "create", "link"]),
        ("legacy", "legacy", []),
    ],
)
def test_every_transition_between_states(before: str, after: str, expected: list[str]) -> None:
    steps = plan(in_state(before).observed(), **declare(after))
    assert ops(steps) == [(op, "vx1") for op in expected]
    assert all(step.why and step.kind == "port" for step in steps)


def test_a_new_port_says_what_it_will_be() -> None:
    create, link = plan(host().observed(), name="vx1", **DECLARED)
    assert create.action() == {"action": "create", "port": "vx1", "why": "declared present"}
    assert link.changes == {"datapath": (None, "lab0"), "port_no": (None, 1)}
    state = create.args["state"]
    assert (state.mtu, state.mac, state.up, state.alias) == (
        1450,
        None,
        True,
        "tunnelmesh.ovs owner=default",
    )


# A live value of each attribute that differs from what DECLARED asks for.
OTHER: dict[str, Any] = {
    "vni": 200,
    "group": "192.0.2.2",
    "local_ip": "192.0.2.9",
    "ttl": 1,
    "tos": 8,
    "ageing": 60,
    "limit": 9,
    "src_port_range": (1000, 2000),
    "dst_port": 8472,
    "label": 5,
    "df": 2,
}


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_an_attribute_changes_in_place_or_recreates(name: str) -> None:
    made = host()
    live = OTHER.get(name)
    if live is None:
        declared = {"learning": True, "udp_csum": True}
        live = not declared.get(name, False)
    made.vxlan("vx1", "lab0", 7, attrs={name: live})
    observed = made.observed()
    steps = plan(observed, name="vx1", **DECLARED)
    if ATTRIBUTES[name].in_place:
        assert ops(steps) == [("change", "vx1")]
        assert list(steps[0].changes) == [name]
        assert plan(observed, name="vx1", recreate="never", **DECLARED) == steps
        return
    assert [step.op for step in steps] == RECREATE
    for step in steps:
        assert step.why == f"recreate: {name} cannot change on a live device"
    goal = steps[2].args["state"]
    assert (goal.port_no, goal.mac) == (7, observed.links[observed.link("vx1").ifindex].mac)  # type: ignore[union-attr]
    assert steps[3].args["port_no"] == 7
    with pytest.raises(ConflictError, match=f"{name} cannot change without interrupting") as caught:
        plan(observed, name="vx1", recreate="never", **DECLARED)
    assert "recreate: auto" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("live", "options", "changes"),
    [
        ({"mtu": 1400}, {}, {"mtu": (1400, 1450)}),
        ({"up": False}, {}, {"up": (False, True)}),
        ({"remotes": ["192.0.2.9"]}, {}, {"remotes": (["192.0.2.9"], ["192.0.2.2", "192.0.2.3"])}),
        ({}, {"remotes": []}, {"remotes": (["192.0.2.2", "192.0.2.3"], [])}),
        ({"alias": ""}, {"adopt": True}, {"mark": (None, "tunnelmesh.ovs owner=default")}),
        ({"attrs": {"df": 0}}, {}, {"df": ("unset", "set")}),
        (
            {"mac": "02:00:00:00:00:77"},
            {"mac_address": "02:00:00:00:00:78"},
            {"mac": ("02:00:00:00:00:77", "02:00:00:00:00:78")},
        ),
    ],
)
def test_what_else_changes_in_place(
    live: dict[str, Any], options: dict[str, Any], changes: dict[str, Any]
) -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7, **live)
    (step,) = plan(made.observed(), name="vx1", recreate="never", **{**DECLARED, **options})
    assert step.op == "change"
    assert step.changes == changes


@pytest.mark.parametrize(
    ("live", "options"),
    [
        ({"remotes": ["192.0.2.9"]}, {"remotes": None}),
        ({"mac": "02:00:00:00:00:77"}, {}),
        ({"link_group": 9}, {}),
        ({"port_no": 7}, {"port_no": 7}),
        ({"port_no": 7}, {}),
        ({"mtu": 1300}, {"mtu": "1300"}),
    ],
)
def test_what_is_left_open_is_left_alone(live: dict[str, Any], options: dict[str, Any]) -> None:
    made = host()
    made.vxlan("vx1", "lab0", **{"port_no": 7, **live})
    assert plan(made.observed(), name="vx1", **{**DECLARED, **options}) == ()


def test_another_number_links_again_without_a_new_device() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7)
    detach, link = plan(made.observed(), name="vx1", port_no=9, **DECLARED)
    assert (detach.op, detach.args["port_no"]) == ("detach", 7)
    assert (link.op, link.args["port_no"]) == ("link", 9)
    assert detach.why == "port_no differs: link again"
    with pytest.raises(ConflictError, match="port_no cannot change without interrupting"):
        plan(made.observed(), name="vx1", port_no=9, recreate="never", **DECLARED)


def test_another_datapath_links_again_with_the_lowest_number_there() -> None:
    made = host()
    made.datapath("lab1")
    made.vxlan("vx1", "lab0", 7)
    made.vxlan("vx2", "lab1", 1, vni=200)
    detach, link = plan(made.observed(), name="vx1", datapath="lab1", **DECLARED)
    assert detach.args == {"datapath": "lab0", "port_no": 7}
    assert (link.args["datapath"], link.args["port_no"]) == ("lab1", 2)
    assert "datapath differs" in detach.why


@pytest.mark.parametrize("options", [{"port_no": 9}, {"datapath": "lab1"}])
def test_a_legacy_port_is_recreated_where_others_are_linked_again(options: dict[str, Any]) -> None:
    made = host()
    made.datapath("lab1")
    made.legacy("vx1", "lab0", 7)
    steps = plan(made.observed(), name="vx1", vport_type="vxlan", **options)
    assert ops(steps) == [("delete", "vx1"), ("create", "vx1")]
    (reason,) = options
    assert steps[0].why == f"recreate: {reason} cannot change on a live device"


def test_another_address_family_recreates_with_nothing_of_the_old_one() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7)
    options = {"vni": 100, "local_ip": "fd00::1"}
    steps = plan(made.observed(), name="vx1", **options)
    assert [step.op for step in steps] == RECREATE
    assert steps[0].why == "recreate: address family cannot change on a live device"
    assert steps[2].args["state"].flood == frozenset()


def test_a_device_without_addresses_cannot_turn_to_ipv6_in_place() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7, remotes=[], attrs={"local_ip": None})
    steps = plan(made.observed(), name="vx1", vni=100, remotes=["fd00::2"])
    assert [step.op for step in steps] == RECREATE
    (step,) = plan(made.observed(), name="vx1", vni=100, remotes=["192.0.2.2"])
    assert list(step.changes) == ["remotes"]


def test_another_underlay_device_recreates() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7)
    steps = plan(made.observed(), name="vx1", dev="eth0", **DECLARED)
    assert [step.op for step in steps] == RECREATE
    assert steps[0].why == "recreate: dev cannot change on a live device"


def test_every_reason_to_recreate_is_named() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7, vni=1, attrs={"dst_port": 8472, "gbp": True})
    steps = plan(made.observed(), name="vx1", **DECLARED)
    assert steps[0].why == "recreate: vni, dst_port, gbp cannot change on a live device"


def test_a_change_and_a_link_come_in_that_order() -> None:
    made = host()
    made.vxlan("vx1", mtu=1400)
    assert ops(plan(made.observed(), name="vx1", **DECLARED)) == [
        ("change", "vx1"),
        ("link", "vx1"),
    ]


def test_steps_come_in_phases_over_the_whole_set() -> None:
    made = host()
    made.vxlan("a", "lab0", 1, vni=1)
    made.vxlan("b", "lab0", 2, vni=2)
    made.vxlan("gone", "lab0", 3, vni=3)
    entries = [{"name": "a", "vni": 2}, {"name": "b", "vni": 1}, {"name": "new", "vni": 3}]
    steps = plan(made.observed(), ports=entries, purge=True, local_ip="192.0.2.1")
    assert [step.phase for step in steps] == sorted(step.phase for step in steps)
    assert ops(steps) == [
        *(("detach", name) for name in ("a", "b", "gone")),
        *(("delete", name) for name in ("a", "b", "gone")),
        *(("create", name) for name in ("a", "b", "new")),
        *(("link", name) for name in ("a", "b", "new")),
    ]
