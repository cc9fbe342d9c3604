# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two laws for ports with the real executor on the model kernel, message by message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    TunnelMeshError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.pipeline import Outcome
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    Observed,
    PortSet,
    PortState,
    port_states,
)
from tests.unit.core.profile import examples
from tests.unit.kernel.builders import DECLARED, host, ports
from tests.unit.kernel.machine import Killed, Machine, killed_at, refused_at
from tests.unit.kernel.test_laws_ports import declared_view
from tests.unit.kernel.worlds import HOSTS, PORT_SETS, complete

CASE = st.tuples(PORT_SETS, HOSTS)


def run(wanted: PortSet, observed: Observed) -> Outcome[Observed]:
    """An uninterrupted run that does something; other cases are passed over."""
    machine = Machine(observed)
    try:
        machine.apply(wanted, check_mode=True)
    except TunnelMeshError:
        assume(False)
    outcome = machine.apply(wanted)
    assume(outcome.steps)
    return outcome


def without_new_macs(states: dict[str, PortState], known: Observed) -> dict[str, PortState]:
    """Ports, without the address of those that the kernel gave one."""
    macs = {link.mac for link in known.links.values() if link.mac} | {
        f"02:00:00:00:01:0{n}" for n in range(9)
    }
    return {
        name: state if state.mac in macs else replace(state, mac=None)
        for name, state in states.items()
    }


@given(CASE)
@examples(80)
def test_what_can_be_planned_is_carried_out_as_foretold(case: tuple[PortSet, Observed]) -> None:
    wanted, observed = case
    machine = Machine(observed)
    try:
        foretold = machine.apply(wanted, check_mode=True)
    except TunnelMeshError:
        return
    assert machine.messages == 0
    done = machine.apply(wanted)
    assert done.steps == foretold.steps, "one attempt, nothing refused"
    after = without_new_macs(port_states(machine.rules.snapshot()), observed)
    assert after == without_new_macs(port_states(foretold.after), observed)
    messages = machine.messages
    assert machine.apply(wanted).steps == ()
    assert machine.messages == messages


@given(CASE, st.integers(0, 60))
@examples(80)
def test_a_killed_run_is_completed_by_the_same_run(
    case: tuple[PortSet, Observed], count: int
) -> None:
    wanted, observed = complete(case[0]), case[1]
    whole = run(wanted, observed)
    machine = Machine(observed)
    machine.apply(wanted)
    machine = Machine(observed, killed_at(count % machine.messages))
    with pytest.raises(Killed):
        machine.apply(wanted)
    machine.before = lambda _number: None
    again = machine.apply(wanted)
    assert declared_view(wanted, again.after) == declared_view(wanted, whole.after)


@given(CASE, st.integers(0, 60))
@examples(80)
def test_a_failed_run_leaves_what_was(case: tuple[PortSet, Observed], count: int) -> None:
    wanted, observed = case
    run(wanted, observed)
    machine = Machine(observed)
    machine.apply(wanted)
    machine = Machine(observed, refused_at(count % machine.messages))
    with pytest.raises(ApplyError, match="Cannot allocate memory") as caught:
        machine.apply(wanted)
    assert "leftovers" not in caught.value.details
    assert port_states(machine.rules.snapshot()) == port_states(observed)


def test_one_port_from_nothing_takes_six_messages() -> None:
    machine = Machine(host().observed())
    machine.apply(ports(name="vx1", **DECLARED))
    # Create, ask for the ifindex, two flood entries, mark, link.
    assert machine.messages == 6
