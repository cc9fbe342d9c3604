# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of access ports: the two laws by properties, and every refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.access import plan as planning
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.access.desired import desired
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.access.model import (
    Observed,
    Port,
    Spec,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ConflictError,
    EnvironmentProblem,
    InputError,
    OwnershipError,
)

NAMES = ("if-a", "if-b", "if-c")
OURS = (*NAMES, "vx1")
BRIDGES = {"br0": "u0", "br1": "u1"}
ADDRESSES = st.lists(
    st.sampled_from(["10.0.0.1/24", "10.0.0.2/24", "fd00::1/64"]), unique=True
).map(tuple)
MTUS = st.none() | st.sampled_from([1400, 1450])


@st.composite
def specs(draw: st.DrawFn) -> list[Spec]:
    """Declared ports, each name at most once."""
    return [
        Spec(
            name,
            name,
            draw(st.sampled_from(sorted(BRIDGES))),
            draw(st.integers(1, 3)),
            draw(MTUS),
            draw(st.none() | ADDRESSES),
            draw(st.booleans()),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    """Ports of ours and, under names that nobody declares, of others."""
    ports = [
        Port(
            name,
            draw(st.sampled_from(sorted(BRIDGES))),
            "vxlan" if name == "vx1" else "internal",
            draw(st.integers(1, 3)),
            "me" if name in OURS else draw(st.sampled_from([None, "you"])),
            draw(MTUS),
            draw(MTUS),
            draw(st.booleans()),
            draw(ADDRESSES),
        )
        for name in draw(st.lists(st.sampled_from([*OURS, "tap0", "tap1"]), unique=True))
    ]
    # The local port of a bridge, and a tunnel, with our mark: they belong to other modules.
    ports += [Port("br0", "br0", "internal", None, "me")]
    return Observed("root", BRIDGES, {port.name: port for port in ports})


@given(specs(), observations(), st.booleans())
def test_a_second_run_has_nothing_to_do(wanted: list[Spec], seen: Observed, purge: bool) -> None:
    steps = planning.plan(wanted, seen, "me", purge)
    after = planning.predict(seen, steps)
    assert planning.plan(wanted, after, "me", purge) == ()
    strangers = {name: port for name, port in seen.ports.items() if name not in NAMES}
    assert strangers.items() <= after.ports.items()
    if purge:
        assert set(NAMES) & set(after.ports) == {spec.name for spec in wanted if spec.present}


@given(specs(), observations())
def test_planning_back_restores_what_was(wanted: list[Spec], seen: Observed) -> None:
    # What the database asks for is what there was; drift of the kernel is not restored.
    ports = {name: replace(p, mtu=p.requested_mtu, up=True) for name, p in seen.ports.items()}
    seen = replace(seen, ports=ports)
    steps = planning.plan(wanted, seen, "me")
    after = planning.predict(seen, steps)
    back = planning.plan_back(seen, after, steps, "me")
    restored = planning.predict(after, back).ports
    assert set(restored) == set(seen.ports)
    for name, port in seen.ports.items():
        again = restored[name]
        assert (again.bridge, again.tag, again.addresses) == (port.bridge, port.tag, port.addresses)


def test_a_port_of_somebody_else_is_refused() -> None:
    tap = Port("if-a", "br0", "", 1, None)
    seen = Observed("root", BRIDGES, {"if-a": tap})
    with pytest.raises(OwnershipError, match="exists on bridge br0 and is not ours"):
        planning.plan([Spec("if-a", "if-a", "br0", 1)], seen, "me")
    tunnel = Observed("root", BRIDGES, {"if-a": replace(tap, kind="vxlan", owner="me")})
    with pytest.raises(OwnershipError, match="of type vxlan"):
        planning.plan([Spec("if-a", "if-a", "br0", 1)], tunnel, "me")
    other = Observed("root", BRIDGES, {"if-a": replace(tap, kind="internal", owner="you")})
    with pytest.raises(OwnershipError, match="belongs to owner you"):
        planning.plan([Spec("if-a", "if-a", present=False)], other, "me")


def test_a_device_that_is_no_port_keeps_its_name() -> None:
    refused = Port("if-a", "br0", "internal", 1, "me", error="File exists")
    for ports in ({}, {"if-a": refused}):
        seen = Observed("root", BRIDGES, ports, {"if-a": "dummy"})
        with pytest.raises(ConflictError, match="if-a is a device of kind dummy"):
            planning.plan([Spec("if-a", "if-a", "br0", 1)], seen, "me")
        planning.plan([Spec("if-a", "if-a", present=False)], seen, "me")
    seen = Observed("root", BRIDGES, {}, {"if-a": ""})
    with pytest.raises(ConflictError, match="if-a is a network card"):
        planning.plan([Spec("if-a", "if-a", "br0", 1)], seen, "me")


def test_a_missing_bridge_is_refused_unless_a_dry_run_assumes_it() -> None:
    seen = Observed("root", {})
    wanted = [Spec("if-a", "if-a", "br9", 1)]
    with pytest.raises(EnvironmentProblem, match="there is no bridge br9"):
        planning.plan(wanted, seen, "me")
    assert [step.op for step in planning.plan(wanted, seen, "me", assume={"br9"})] == ["create"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "if-a", "tag": 1}, "bridge is missing"),
        ({"name": "if-a", "bridge": "br0"}, "tag is missing"),
        ({"name": "if-a", "bridge": "br0", "tag": 0}, "tag 0 is out of range"),
        ({"name": "if-a", "bridge": "br0", "tag": 4095}, "tag 4095 is out of range"),
        ({"name": "a-name-that-is-too-long", "bridge": "br0", "tag": 1}, "at most 15"),
        ({"name": "if-a", "bridge": "br%d", "tag": 1}, "bridge 'br%d'"),
        ({"name": "if-a", "bridge": "br0", "tag": 1, "mtu": 67}, "mtu 67"),
        ({"name": "if-a", "bridge": "br0", "tag": 1, "address": ["10.0.0.1"]}, "prefix"),
    ],
)
def test_bad_input(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        desired(options)
