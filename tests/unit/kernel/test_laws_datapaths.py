# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two laws for datapaths: pure, and message by message on the model kernel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    TunnelMeshError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import token
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_INTERNAL,
    UFID_PREFIX,
    DatapathSet,
    Observed,
    port_states,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.plan_datapath import (
    is_ours,
    plan_datapaths,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.predict import predict
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.undo import undo_datapaths
from tests.unit.core.profile import examples
from tests.unit.kernel.dp_worlds import DATAPATH_SETS, HOSTS
from tests.unit.kernel.machine import Killed, Machine, killed_at, refused_at
from tests.unit.kernel.worlds import OWNER

CASE = st.tuples(DATAPATH_SETS, HOSTS)
Case = tuple[DatapathSet, Observed]


def try_plan(wanted: DatapathSet, observed: Observed) -> Plan | None:
    """A plan, or None where it is refused; nothing else may happen."""
    try:
        return plan_datapaths(wanted, observed)
    except TunnelMeshError as error:
        event(f"refused: {type(error).__name__}")
        return None


def foreign_flows(observed: Observed, name: str) -> set[Any]:
    """The flows of a datapath that we did not make."""
    flows = observed.datapaths[name].flows
    return {flow for flow in flows if not flow.ufid.startswith(UFID_PREFIX)}


def whole(observed: Observed) -> dict[str, Any]:
    """All that a run of ovs_datapath can touch, by name and without ifindexes."""
    upcalls = {
        (name, vport.port_no): vport.upcall_pid
        for name, found in observed.datapaths.items()
        for vport in found.vports
    }
    flows = {name: set(found.flows) for name, found in observed.datapaths.items()}
    devices = {link.name for link in observed.links.values()}
    seen = (view.datapaths(observed), port_states(observed), upcalls, flows, devices)
    return dict(zip(("datapaths", "ports", "upcalls", "flows", "devices"), seen, strict=True))


def loses(observed: Observed, wanted: DatapathSet, steps: Plan) -> bool:
    """A deletion takes along what no rollback can make again: foreign flows, internal ports."""
    assert wanted.owner == OWNER
    return any(
        foreign_flows(observed, step.name)
        or any(v.port_no and v.type == TYPE_INTERNAL for v in observed.datapaths[step.name].vports)
        for step in steps
        if step.op == "delete"
    )


@given(CASE)
@examples(200)
def test_law_1_a_plan_leads_to_where_nothing_is_left_to_do(case: Case) -> None:
    wanted, observed = case
    steps = try_plan(wanted, observed)
    if steps is not None:
        event(f"steps: {min(len(steps), 5)}")
        assert plan_datapaths(wanted, predict(observed, steps)) == ()


@given(CASE)
@examples(150)
def test_what_is_neither_named_nor_ours_is_not_touched(case: Case) -> None:
    wanted, observed = case
    steps = try_plan(wanted, observed) or ()
    declared = {spec.name: spec for spec in wanted.specs}
    for step in steps:
        found = observed.datapaths.get(step.name)
        mine = found is None or is_ours(found, observed, OWNER)
        assert mine or declared[step.name].adopt
        assert step.name in declared or (wanted.purge and mine)
    after = predict(observed, steps)
    deleted = {step.name for step in steps if step.op == "delete"}
    for name, found in observed.datapaths.items():
        if name in deleted:
            forced = name in declared and declared[name].force
            assert forced or all(
                observed.links[vport.ifindex].alias.startswith("tunnelmesh.ovs")
                for vport in found.vports
                if vport.port_no
            )
        else:
            assert foreign_flows(after, name) == foreign_flows(observed, name)
            assert after.datapaths[name].vports[1:] == found.vports[1:]
    touched = {step.name for step in steps}
    kept = {k: v for k, v in whole(observed)["datapaths"].items() if k not in touched}
    assert {k: v for k, v in whole(after)["datapaths"].items() if k not in touched} == kept


@given(CASE, st.integers(0, 20))
@examples(150)
def test_law_2_a_run_that_ends_early_is_completed_by_the_next(case: Case, count: int) -> None:
    wanted, observed = case
    steps = try_plan(wanted, observed)
    if not steps:
        return
    early = predict(observed, steps[: count % len(steps)])
    rest = plan_datapaths(wanted, early)
    assert whole(predict(early, rest)) == whole(predict(observed, steps))


@given(CASE, st.integers(0, 20))
@examples(200)
def test_law_2_a_run_that_ends_early_can_be_undone(case: Case, count: int) -> None:
    wanted, observed = case
    steps = try_plan(wanted, observed)
    if not steps:
        return
    done = steps[: 1 + count % len(steps)]
    if loses(observed, wanted, done):
        return
    early = predict(observed, done)
    names = [step.name for step in done]
    back = predict(early, undo_datapaths(observed, early, names, token(OWNER)))
    assert whole(back) == whole(observed)
    assert undo_datapaths(observed, back, names, token(OWNER)) == ()


def plannable(case: Case) -> int:
    """How many messages an uninterrupted run takes; cases without any are passed over."""
    wanted, observed = case
    assume(try_plan(wanted, observed))
    machine = Machine(observed)
    machine.apply(wanted)
    return machine.messages


@given(CASE)
@examples(60)
def test_what_can_be_planned_is_carried_out_as_foretold(case: Case) -> None:
    wanted, observed = case
    if try_plan(wanted, observed) is None:
        return
    machine = Machine(observed)
    foretold = machine.apply(wanted, check_mode=True)
    assert machine.messages == 0
    done = machine.apply(wanted)
    assert done.steps[: len(foretold.steps)] == foretold.steps
    assert whole(done.after) == whole(foretold.after)
    messages = machine.messages
    assert machine.apply(wanted).steps == ()
    assert machine.messages == messages


@given(CASE, st.integers(0, 60))
@examples(60)
def test_a_killed_run_is_completed_by_the_same_run(case: Case, count: int) -> None:
    wanted, observed = case
    messages = plannable(case)
    undisturbed = Machine(observed).apply(wanted)
    machine = Machine(observed, killed_at(count % messages))
    with pytest.raises(Killed):
        machine.apply(wanted)
    machine.before = lambda _number: None
    assert whole(machine.apply(wanted).after) == whole(undisturbed.after)


@given(CASE, st.integers(0, 60))
@examples(60)
def test_a_failed_run_leaves_what_was(case: Case, count: int) -> None:
    wanted, observed = case
    messages = plannable(case)
    assume(not loses(observed, wanted, plan_datapaths(wanted, observed)))
    machine = Machine(observed, refused_at(count % messages))
    with pytest.raises(ApplyError, match="Cannot allocate memory") as caught:
        machine.apply(wanted)
    assert "leftovers" not in caught.value.details
    assert whole(machine.rules.snapshot()) == whole(observed)
