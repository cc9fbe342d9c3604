# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the properties once found, one by one, so that each stays found."""

from __future__ import annotations

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import ApplyError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import token
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import port_states
from tests.unit.kernel.builders import DECLARED, Host, datapaths, host, ports
from tests.unit.kernel.machine import Killed, Machine, killed_at, refused_at

OURS = token("default")


def killed_then(machine: Machine, number: int, wanted: object) -> None:
    """A run that is killed before a message, then the same run again."""
    machine.messages, machine.before = 0, killed_at(number)
    with pytest.raises(Killed):
        machine.apply(wanted)  # type: ignore[arg-type]
    machine.messages, machine.before = 0, lambda _number: None
    machine.apply(wanted)  # type: ignore[arg-type]
    assert machine.apply(wanted).steps == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(6))
def test_a_port_whose_creation_was_killed_at_any_message(number: int) -> None:
    machine = Machine(host().observed())
    killed_then(machine, number, ports(name="vx1", **DECLARED))
    (state,) = port_states(machine.rules.snapshot()).values()
    assert (state.link_group, state.alias) == (0, "tunnelmesh.ovs owner=default")


@pytest.mark.parametrize("number", range(6))
def test_an_ipv6_port_without_a_local_address(number: int) -> None:
    machine = Machine(host().observed())
    options = {"vni": 100, "remotes": ["fd00::2", "fd00::3"], "recreate": "never"}
    killed_then(machine, number, ports(name="vx1", **options))
    (state,) = port_states(machine.rules.snapshot()).values()
    assert state.flood == frozenset({"fd00::2", "fd00::3"})


@pytest.mark.parametrize("number", range(5))
def test_a_datapath_that_is_killed_again_while_it_is_completed(number: int) -> None:
    made = Host()
    made.datapath("lab0", alias="", upcall=OURS)
    machine = Machine(made.observed())
    wanted = datapaths(name="lab0", mtu=1450, address=["198.18.0.1/24"])
    probe = Machine(made.observed())
    probe.apply(wanted)
    killed_then(machine, number % probe.messages, wanted)


def test_addresses_of_one_network_go_in_one_run() -> None:
    made = Host()
    made.datapath("lab0", "198.18.0.1/24", "198.18.0.2/24", "198.18.0.3/24")
    machine = Machine(made.observed())
    after = machine.apply(datapaths(name="lab0", address=["198.18.0.3/24"])).after
    assert view.datapaths(after)["lab0"]["address"] == ["198.18.0.3/24"]
    after = machine.apply(datapaths(name="lab0", address=[])).after
    assert view.datapaths(after)["lab0"]["address"] == []


def test_a_change_of_family_that_fails_half_way_is_undone() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1, attrs={"local_ip": None})
    wanted = ports(name="vx1", vni=100, remotes=["fd00::2"])
    probe = Machine(made.observed())
    probe.apply(wanted)
    for number in range(probe.messages):
        machine = Machine(made.observed(), refused_at(number))
        with pytest.raises(ApplyError, match="Cannot allocate memory") as caught:
            machine.apply(wanted)
        assert "leftovers" not in caught.value.details
        assert port_states(machine.rules.snapshot()) == port_states(made.observed())


def test_the_default_remote_gives_way_to_the_flood_list_without_a_gap() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1, attrs={"group": "192.0.2.2"})
    machine = Machine(made.observed())
    outcome = machine.apply(ports(name="vx1", **DECLARED))
    assert [step.op for step in outcome.steps] == ["change"]
    (state,) = port_states(outcome.after).values()
    assert state.attrs["group"] is None
    assert state.flood == frozenset({"192.0.2.2", "192.0.2.3"})


def test_the_upcall_port_of_an_adopted_port_comes_back_with_the_link() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1, upcall=77, alias="")
    made.vxlan("vx2", "lab0", 2, vni=2)
    wanted = ports(
        ports=[
            {"name": "vx1", "state": "detached", "adopt": True, **DECLARED},
            {"name": "vx2", "state": "absent"},
        ]
    )
    machine = Machine(made.observed(), refused_at(2))
    with pytest.raises(ApplyError):
        machine.apply(wanted)
    assert port_states(machine.rules.snapshot()) == port_states(made.observed())
