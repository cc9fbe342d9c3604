"""Every transition between the states of a port, and ports that trade places."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.integration.kernel.host import PORT, Host, Run
from tests.integration.kernel.witness import Snapshot

STATES = ("absent", "detached", "present", "legacy")
# What is done for each transition that is none to itself.
STEPS = {
    ("absent", "detached"): ["create"],
    ("absent", "present"): ["create", "link"],
    ("absent", "legacy"): ["create"],
    ("detached", "absent"): ["delete"],
    ("detached", "present"): ["link"],
    ("detached", "legacy"): ["delete", "create"],
    ("present", "absent"): ["detach", "delete"],
    ("present", "detached"): ["detach"],
    ("present", "legacy"): ["detach", "delete", "create"],
    ("legacy", "absent"): ["delete"],
    ("legacy", "detached"): ["delete", "create"],
    ("legacy", "present"): ["delete", "create", "link"],
}
PAIRS = list(product(STATES, STATES))


def _name(old: str, new: str) -> str:
    return f"{old}-{new[:3]}"


def _declared(pair: tuple[str, str], state: str) -> dict[str, Any]:
    """A port that is the same in every state: external, on a UDP port of its own."""
    entry = {"name": _name(*pair), "dst_port": 6000 + PAIRS.index(pair), "state": state}
    if state == "absent":
        return {"name": _name(*pair), "state": "absent"}
    if state == "legacy":
        return {**entry, "state": "present", "vport_type": "vxlan"}
    return entry


def _check(seen: Snapshot, name: str, state: str) -> None:
    """A port is what a state stands for."""
    if state == "absent":
        assert name not in seen.links
        assert not any(name in ports for ports in seen.ports.values())
        return
    if state == "detached":
        assert seen.detached(name)
        assert seen.up(name)
    else:
        assert seen.linked(name, "lab0")
    assert (name in seen.legacy) is (state == "legacy")
    assert seen.owner(name) == "default"
    assert seen.links[name]["group"] == "default"
    assert seen.vxlan(name)["external"] is True
    assert seen.links[name]["mtu"] == (65535 if state == "legacy" else 65000)


@pytest.fixture(scope="module")
def moved(machine: Host) -> tuple[Run, Run]:
    """All ports in their first state, and then in their second."""
    machine.clean()
    machine.datapath("lab0")
    first = machine.ports([_declared(pair, pair[0]) for pair in PAIRS], datapath="lab0")
    second = machine.ports([_declared(pair, pair[1]) for pair in PAIRS], datapath="lab0")
    return first, second


@pytest.mark.parametrize("pair", PAIRS, ids="-to-".join)
def test_transition(moved: tuple[Run, Run], pair: tuple[str, str]) -> None:
    (first, second), name = moved, _name(*pair)
    _check(first.after, name, pair[0])
    _check(second.after, name, pair[1])
    assert second.actions(name) == STEPS.get(pair, [])
    if "delete" not in second.actions(name) and "absent" not in pair:
        assert first.after.ifindex(name) == second.after.ifindex(name)


def _three(**options: list[Any]) -> list[dict[str, Any]]:
    """Ports a, b, c with one value of each option; None leaves it out."""
    ports: list[dict[str, Any]] = [{"name": name} for name in "abc"]
    for option, values in options.items():
        for port, value in zip(ports, values, strict=True):
            if value is not None:
                port[option] = value
    return ports


def test_ports_trade_their_numbers_in_place(host: Host) -> None:
    host.datapath("lab0")
    first = host.ports(_three(vni=[1, 2, 3], port_no=[1, 2, 3]), datapath="lab0")
    second = host.ports(_three(vni=[1, 2, 3], port_no=[2, 3, 1]), datapath="lab0")
    assert second.after.ports["lab0"] == {"lab0": 0, "a": 2, "b": 3, "c": 1}
    assert second.actions() == ["detach"] * 3 + ["link"] * 3
    for name in "abc":
        assert second.after.linked(name, "lab0")
        assert first.after.ifindex(name) == second.after.ifindex(name)


def test_ports_trade_their_vnis(host: Host) -> None:
    host.datapath("lab0")
    host.ports(_three(vni=[1, 2, 3], port_no=[7, 8, 9]), datapath="lab0")
    traded = host.ports(_three(vni=[2, 3, 1]), datapath="lab0").after
    assert [traded.vxlan(name)["id"] for name in "abc"] == [2, 3, 1]
    assert traded.ports["lab0"] == {"lab0": 0, "a": 7, "b": 8, "c": 9}


def test_ports_of_other_flags_trade_their_udp_ports(host: Host) -> None:
    host.datapath("lab0")
    flags = [["gbp"], None, None]
    kinds = [None, "vxlan", None]
    shape: dict[str, list[Any]] = {"extensions": flags, "vport_type": kinds, "vni": [None, None, 5]}
    host.ports(_three(dst_port=[5001, 5002, 5003], **shape), datapath="lab0")
    traded = host.ports(_three(dst_port=[5002, 5003, 5001], **shape), datapath="lab0").after
    assert [traded.vxlan(name)["port"] for name in "abc"] == [5002, 5003, 5001]
    assert traded.legacy == {"b"}
    assert all(traded.linked(name, "lab0") for name in "abc")


def test_a_port_takes_over_what_a_purged_one_had(host: Host) -> None:
    host.datapath("lab0")
    host.ports([{"name": "old", "vni": 7, "port_no": 70}], datapath="lab0")
    new = host.ports([{"name": "new", "vni": 7, "port_no": 70}], datapath="lab0", purge=True)
    assert new.actions() == ["detach", "delete", "create", "link"]
    assert "old" not in new.after.links
    assert new.after.linked("new", "lab0", 70)


def test_ports_move_between_datapaths(host: Host) -> None:
    host.datapath("lab0", "lab1")
    ports = [
        {"name": "plain", "vni": 1, "remotes": ["198.18.0.12"]},
        {"name": "own", "dst_port": 5001, "vport_type": "vxlan"},
    ]
    first = host.ports(ports, datapath="lab0")
    second = host.ports(ports, datapath="lab1")
    assert second.after.ports == {"lab0": {"lab0": 0}, "lab1": {"lab1": 0, "plain": 1, "own": 2}}
    assert second.actions("plain") == ["detach", "link"]
    assert second.actions("own") == ["delete", "create"]
    assert first.after.ifindex("plain") == second.after.ifindex("plain")
    assert second.after.linked("plain", "lab1")
    assert second.after.linked("own", "lab1")
    assert second.after.flood["plain"] == first.after.flood["plain"]


def test_a_moved_port_gets_the_lowest_free_number(host: Host) -> None:
    host.datapath("lab0", "lab1")
    host.ports([{"name": "x", "vni": 1, "port_no": 9}], datapath="lab0")
    host.ports([{"name": "y", "vni": 2}, {"name": "z", "vni": 3}], datapath="lab1")
    moved = host.ports([{"name": "x", "vni": 1}], datapath="lab1").after
    assert moved.ports["lab1"] == {"lab1": 0, "y": 1, "z": 2, "x": 3}


def test_shared_options_and_entries(host: Host) -> None:
    """An entry takes what it does not say from the top of the task."""
    host.datapath("lab0")
    run = host.ports(
        [{"name": "a", "vni": 1}, {"name": "b", "vni": 2, "ttl": "7", "state": "detached"}],
        datapath="lab0",
        ttl="9",
        df="unset",
    )
    assert [run.after.vxlan(name)["ttl"] for name in "ab"] == [9, 7]
    assert [run.after.vxlan(name)["df"] for name in "ab"] == ["unset", "unset"]
    assert run.after.linked("a", "lab0")
    assert run.after.detached("b")


def test_one_port_by_top_level_options(host: Host) -> None:
    host.datapath("lab0")
    run = host.converge(PORT, name="a", vni=1, datapath="lab0")
    (live,) = run.result["ports"]
    seen = run.after.links["a"]
    assert live["ifindex"] == seen["ifindex"]
    assert live["mac_address"] == seen["address"]
    assert (live["state"], live["promiscuity"], live["port_no"]) == ("present", 1, 1)
    assert host.converge(PORT, name="a", state="absent").after.ports == {"lab0": {"lab0": 0}}
