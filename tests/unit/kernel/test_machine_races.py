# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost races: somebody else changes the host between the plan and a message of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    LostRace,
    TunnelMeshError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_NETDEV,
    Vport,
    port_states,
)
from tests.unit.core.profile import examples
from tests.unit.kernel.builders import DECLARED, Host, datapaths, host, ports
from tests.unit.kernel.machine import Machine
from tests.unit.kernel.rules import Rules
from tests.unit.kernel.worlds import HOSTS

CREATE, ASK, MARK, LINK = 0, 1, 2, 5
WANTED = ports(name="vx1", **DECLARED)
Rival = Callable[[Rules], None]


def with_rival(made: Host, number: int, rival: Rival) -> Machine:
    """A machine on which the rival acts once, before message ``number``."""
    machine = Machine(made.observed())

    def before(current: int) -> None:
        if current == number:
            rival(machine.rules)

    machine.before = before
    return machine


def deletes(rules: Rules) -> None:
    rules.delete(rules.link("vx1").ifindex)


def links_it(rules: Rules) -> None:
    rules.new_vport(rules.link("lab0").ifindex, Vport(1, "vx1", TYPE_NETDEV, 0))


def takes_number_one(rules: Rules) -> None:
    other = Host()
    other.device("tap0", kind="tun")
    rules.links[99] = other.observed().link("tap0")  # type: ignore[assignment]
    rules.links[99] = type(rules.links[99])(**{**vars(rules.links[99]), "ifindex": 99})
    rules.new_vport(rules.link("lab0").ifindex, Vport(1, "tap0", TYPE_NETDEV, 0))


@pytest.mark.parametrize(
    ("number", "rival"),
    [
        (ASK, deletes),
        (MARK, deletes),
        (3, deletes),
        (LINK, deletes),
        (LINK, links_it),
        (LINK, takes_number_one),
        (CREATE, takes_number_one),
    ],
)
def test_the_run_converges_all_the_same(number: int, rival: Rival) -> None:
    machine = with_rival(host(), number, rival)
    after = machine.apply(WANTED).after
    seen = view.ports(after)["vx1"]
    assert (seen["state"], seen["remotes"]) == ("present", ["192.0.2.2", "192.0.2.3"])
    assert seen["port_no"] == (2 if rival is takes_number_one else 1)
    machine.before = lambda _number: None
    assert machine.apply(WANTED).steps == ()


def test_a_datapath_that_goes_in_between_is_named_and_the_port_is_not_left() -> None:
    def goes(rules: Rules) -> None:
        rules.del_datapath(rules.link("lab0").ifindex)

    machine = with_rival(host(), LINK, goes)
    with pytest.raises(ApplyError, match="datapath lab0 does not exist") as caught:
        machine.apply(WANTED)
    assert "leftovers" not in caught.value.details
    assert port_states(machine.rules.snapshot()) == {}


def test_a_name_that_somebody_else_takes_is_theirs() -> None:
    def takes_the_name(rules: Rules) -> None:
        theirs = Host()
        theirs.vxlan("vx1", alias="by hand", vni=7)
        link = theirs.observed().link("vx1")
        assert link is not None
        rules.create(link, six=False)

    machine = with_rival(host(), CREATE, takes_the_name)
    with pytest.raises(ApplyError, match="vx1 exists and is not marked as ours"):
        machine.apply(WANTED)
    (left,) = port_states(machine.rules.snapshot()).values()
    assert (left.attrs["vni"], left.datapath) == (7, None)


def test_a_rival_who_never_rests_is_reported() -> None:
    machine = Machine(host().observed())

    def deletes_each_time(_number: int) -> None:
        if any(link.name == "vx1" for link in machine.rules.links.values()):
            deletes(machine.rules)

    machine.before = deletes_each_time
    with pytest.raises(LostRace, match="vx1"):
        machine.apply(WANTED)
    assert port_states(machine.rules.snapshot()) == {}


ENTRIES: list[dict[str, Any]] = [
    {"name": "vx1", "vni": 1, "remotes": ["192.0.2.2"]},
    {"name": "vx2", "vni": 2, "remotes": ["192.0.2.2"], "port_no": 3},
    {"name": "vx3", "vport_type": "vxlan", "dst_port": 5000},
]


@given(HOSTS, st.integers(0, 25))
@examples(60)
def test_the_same_task_runs_twice_at_once(observed: Any, number: int) -> None:
    """The other one is whole between two messages of this one."""
    machine = Machine(observed)
    adopted = ports(ports=[{**entry, "adopt": True} for entry in ENTRIES], purge=True)
    try:
        machine.apply(adopted, check_mode=True)
    except TunnelMeshError:
        assume(False)

    def other(current: int) -> None:
        if current == number:
            twin = Machine(machine.rules.snapshot())
            twin.rules = machine.rules
            twin.apply(adopted)

    machine.before = other
    machine.apply(adopted)
    machine.before = lambda _number: None
    assert machine.apply(adopted).steps == ()


def test_two_tasks_on_one_datapath_at_once() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1)
    wanted = datapaths(name="lab0", mtu=1450, address=["198.18.0.1/24"], connect=[["lab0", "vx1"]])
    plain = Machine(made.observed())
    plain.apply(wanted)
    for number in range(plain.messages):
        machine = Machine(made.observed())

        def other(current: int, machine: Machine = machine, number: int = number) -> None:
            if current == number:
                twin = Machine(made.observed())
                twin.rules = machine.rules
                twin.apply(wanted)

        machine.before = other
        seen = view.datapaths(machine.apply(wanted).after)["lab0"]
        assert seen == view.datapaths(plain.rules.snapshot())["lab0"]
