# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The flooding proof against a simulation that does nothing clever."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import flood, plan
from tests.unit.fleet.builders import build, exactly_once, members, mesh, names, switches


def verdict(ports: dict[str, dict[str, bool]]) -> flood.Fault | None:
    return flood.first_fault(
        {
            name: flood.Node(
                frozenset(peer for peer, protected in row.items() if protected),
                frozenset(peer for peer, protected in row.items() if not protected),
            )
            for name, row in ports.items()
        }
    )


@st.composite
def any_switches(draw: st.DrawFn) -> dict[str, dict[str, bool]]:
    """Any graph of up to six hosts with any protected flags, some links one-sided."""
    hosts = names(draw(st.integers(1, 6)))
    pairs = [(a, b) for i, a in enumerate(hosts) for b in hosts[i + 1 :]]
    ports: dict[str, dict[str, bool]] = {name: {} for name in hosts}
    for one, other in pairs:
        shape = draw(st.sampled_from(["none", "both", "both", "both", "forth"]))
        if shape != "none":
            ports[one][other] = draw(st.booleans())
        if shape == "both":
            ports[other][one] = draw(st.booleans())
    return ports


@st.composite
def nearly_sound(draw: st.DrawFn) -> dict[str, dict[str, bool]]:
    """Full meshes joined by single links, with at most one thing broken."""
    ports: dict[str, dict[str, bool]] = {}
    for size in draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)):
        fresh = names(len(ports) + size)[len(ports) :]
        anchor = draw(st.sampled_from(sorted(ports))) if ports else None
        for name in fresh:
            ports[name] = {peer: size > 2 for peer in fresh if peer != name}
        if anchor:
            ports[anchor][fresh[0]] = ports[fresh[0]][anchor] = False
    damage = draw(st.sampled_from(["none", "flag", "cut"]))
    links = [(name, peer) for name, row in ports.items() for peer in row]
    if links and damage != "none":
        one, other = draw(st.sampled_from(links))
        if damage == "flag":
            ports[one][other] = not ports[one][other]
        else:
            del ports[one][other], ports[other][one]
    return ports


@settings(max_examples=600, deadline=None)
@given(any_switches())
def test_proof_equals_naive_simulation_on_any_switches(ports: dict[str, dict[str, bool]]) -> None:
    fault = verdict(ports)
    one_sided = any(name not in ports[peer] for name, row in ports.items() for peer in row)
    if one_sided:
        # Stricter on purpose: a tunnel without its opposite is a fault even where no frame
        # depends on it, unless another fault is met before.
        assert fault is not None
    else:
        assert (fault is None) == exactly_once(ports)


@settings(max_examples=400, deadline=None)
@given(nearly_sound())
def test_proof_equals_naive_simulation_near_the_edge(ports: dict[str, dict[str, bool]]) -> None:
    assert (verdict(ports) is None) == exactly_once(ports)


@st.composite
def declared(draw: st.DrawFn) -> tuple[int, dict[str, object], list[str]]:
    """A declared segment over up to seven hosts, each host with either backend."""
    count = draw(st.integers(1, 7))
    backends = [draw(st.sampled_from(["ovsdb", "ovsdb", "kernel"])) for _ in range(count)]
    topology = draw(st.sampled_from(["full", "hub_spoke", "custom"]))
    segment: dict[str, object] = {"topology": topology}
    if topology == "hub_spoke":
        segment["hub"] = draw(st.sampled_from(names(count)))
    if topology == "custom":
        pairs = [(a, b) for i, a in enumerate(names(count)) for b in names(count)[i + 1 :]]
        chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
        segment["links"] = [list(pair) for pair in chosen]
    return count, segment, backends


@settings(max_examples=500, deadline=None)
@given(declared())
def test_an_accepted_plan_delivers_exactly_once(
    case: tuple[int, dict[str, object], list[str]],
) -> None:
    count, segment, backends = case
    hosts = members(count)
    for entry, backend in zip(hosts.values(), backends, strict=True):
        entry["backend"] = backend
    try:
        fleet = plan.build(hosts, mesh(**segment))
    except TunnelMeshError:
        return
    assert exactly_once(switches(fleet))


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 7), st.data())
def test_every_tree_is_accepted(count: int, data: st.DataObject) -> None:
    links = [
        [f"h{data.draw(st.integers(0, number - 1))}", f"h{number}"] for number in range(1, count)
    ]
    assert exactly_once(switches(build(count, topology="custom", links=links)))


def test_full_mesh_ports_are_protected_and_a_hubs_are_not() -> None:
    full = switches(build(4))
    assert all(protected for row in full.values() for protected in row.values())
    star = switches(build(4, topology="hub_spoke", hub="h1"))
    assert star["h1"] == {"h0": False, "h2": False, "h3": False}
    assert exactly_once(full)
    assert exactly_once(star)


def test_two_sites_joined_by_one_link() -> None:
    sites = (["h0", "h1", "h2"], ["h3", "h4", "h5", "h6"])
    links = [[a, b] for site in sites for i, a in enumerate(site) for b in site[i + 1 :]]
    ports = switches(build(7, topology="custom", links=[*links, ["h2", "h3"]]))
    assert exactly_once(ports)
    assert ports["h2"] == {"h0": True, "h1": True, "h3": False}


def test_unprotected_full_mesh_is_a_storm_in_both_simulations() -> None:
    ports = {a: {b: False for b in names(4) if b != a} for a in names(4)}
    fault = verdict(ports)
    assert fault is not None
    assert fault.kind == flood.LOOP
    assert not exactly_once(ports)
