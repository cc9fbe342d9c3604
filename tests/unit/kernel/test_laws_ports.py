# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two laws for ports, for arbitrary hosts and declarations; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import token
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    Observed,
    PortSet,
    port_states,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.plan import (
    plan_ports,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.predict import predict
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.resolve import is_ours
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.undo import undo_ports
from tests.unit.core.profile import examples
from tests.unit.kernel.worlds import HOSTS, OWNER, PORT_SETS, complete


def try_plan(wanted: PortSet, observed: Observed) -> Plan | None:
    """A plan, or None where it is refused; nothing else may happen."""
    try:
        return plan_ports(wanted, observed)
    except TunnelMeshError as error:
        event(f"refused: {type(error).__name__}")
        return None


def declared_view(wanted: PortSet, observed: Observed) -> dict[str, Any]:
    """All ports, without what the task leaves open of those that it declares."""
    seen: dict[str, Any] = port_states(observed)
    for spec in wanted.specs:
        if spec.name in seen:
            seen[spec.name] = replace(
                seen[spec.name],
                port_no=seen[spec.name].port_no if spec.port_no else None,
                mac=seen[spec.name].mac if spec.mac else None,
                link_group=0,
            )
    return seen


@given(PORT_SETS, HOSTS)
@examples(250)
def test_law_1_a_plan_leads_to_where_nothing_is_left_to_do(
    wanted: PortSet, observed: Observed
) -> None:
    steps = try_plan(wanted, observed)
    if steps is None:
        return
    event(f"steps: {min(len(steps), 5)}")
    assert plan_ports(wanted, predict(observed, steps)) == ()


@given(PORT_SETS, HOSTS)
@examples(200)
def test_what_is_neither_named_nor_ours_is_not_touched(wanted: PortSet, observed: Observed) -> None:
    steps = try_plan(wanted, observed)
    if steps is None:
        return
    before = port_states(observed)
    declared = {spec.name: spec for spec in wanted.specs}
    for step in steps:
        state = before.get(step.name)
        mine = state is None or is_ours(state, OWNER)
        assert mine or declared[step.name].adopt
        assert step.name in declared or (wanted.purge and mine)
    touched = {step.name for step in steps}
    after = predict(observed, steps)
    rest = [link for link in observed.links.values() if link.name not in touched]
    assert [link for link in after.links.values() if link.name not in touched] == rest
    assert after.addresses == observed.addresses
    for name, found in observed.datapaths.items():
        kept = [vport for vport in found.vports if vport.name not in touched]
        assert [v for v in after.datapaths[name].vports if v.name not in touched] == kept


@given(PORT_SETS, HOSTS, st.integers(0, 20))
@examples(200)
def test_law_2_a_run_that_ends_early_is_completed_by_the_next(
    wanted: PortSet, observed: Observed, count: int
) -> None:
    wanted = complete(wanted)
    steps = try_plan(wanted, observed)
    if not steps:
        return
    early = predict(observed, steps[: count % len(steps)])
    rest = plan_ports(wanted, early)
    assert declared_view(wanted, predict(early, rest)) == declared_view(
        wanted, predict(observed, steps)
    )


@given(PORT_SETS, HOSTS, st.integers(0, 20))
@examples(200)
def test_law_2_a_run_that_ends_early_can_be_undone(
    wanted: PortSet, observed: Observed, count: int
) -> None:
    steps = try_plan(wanted, observed)
    if not steps:
        return
    done = steps[: 1 + count % len(steps)]
    early = predict(observed, done)
    names = [step.name for step in done]
    undo = undo_ports(observed, early, names, token(OWNER))
    back = predict(early, undo)
    assert port_states(back) == port_states(observed)
    assert undo_ports(observed, back, names, token(OWNER)) == ()
