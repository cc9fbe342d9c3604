"""What all hosts saw, merged: which pair is broken, by whom, and what is only a symptom."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import merge, record
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.model import (
    Pair,
    Record,
    Report,
)
from tests.unit.core.profile import examples
from tests.unit.report import meshes
from tests.unit.report.meshes import DOWN, fleet, problem, report, seen

ENDS = [("hv1", "hv2"), ("hv1", "hv3"), ("hv2", "hv3")]


def codes(found: Report) -> dict[tuple[str, str], str]:
    """Pairs that are not good -> code of the root cause."""
    return {
        ends: pair.root.code if pair.root else pair.status
        for segment in found.segments
        for ends, pair in segment.pairs.items()
    }


@pytest.mark.parametrize("backend", ["ovsdb", "kernel"])
def test_a_healthy_mesh_has_not_one_complaint(backend: str) -> None:
    found = report(fleet(4, backend))
    assert (found.status, codes(found)) == ("ok", {})
    assert found.counts == {"ok": 6, "warning": 0, "broken": 0, "unseen": 0}
    assert [host.status for host in found.hosts] == ["ok"] * 4
    assert [pair.ends for pair in found.segments[0].all_pairs()][:2] == ENDS[:2]


def test_the_verdict_of_either_end_comes_before_silence() -> None:
    mesh = fleet(3)
    bad = {
        "hv1": seen(mesh, "hv1", silent=["hv3"]),
        "hv3": seen(mesh, "hv3", {"vx100-hv1": [DOWN]}, silent=["hv1"]),
    }
    found = report(mesh, bad)
    assert codes(found) == {("hv1", "hv3"): "device_down"}
    pair = found.segments[0].pairs["hv1", "hv3"]
    assert [one.host for one in pair.problems] == ["hv3"]
    assert [host.breaks for host in found.hosts] == [0, 0, 1]


def test_silence_without_a_reason_names_the_port_that_a_firewall_may_drop() -> None:
    mesh = fleet(3, dst_port=8472)
    found = report(mesh, {"hv1": seen(mesh, "hv1", silent=["hv2"])})
    root = found.segments[0].pairs["hv1", "hv2"].root
    assert root is not None
    assert (root.code, root.host, root.severity) == ("overlay_silent", "hv1", "broken")
    assert "UDP port 8472" in root.remedy


def test_large_packets_that_are_lost_or_pass_against_the_plan() -> None:
    mesh = fleet(3)
    found = report(mesh, {"hv1": seen(mesh, "hv1", large={"hv2": 1372})})
    assert codes(found) == {("hv1", "hv2"): "overlay_mtu"}
    rows = meshes.pings(mesh, "hv1")
    rows[0]["oversize"] = "passed"
    rows[1]["loss"] = 20.0
    strange = record.condense(mesh, "hv1", meshes.info(mesh, "hv1", {}), rows)
    found = report(mesh, {"hv1": strange})
    assert codes(found) == {("hv1", "hv2"): "overlay_oversize", ("hv1", "hv3"): "overlay_loss"}
    assert found.status == "warning"
    causes = [pair.root.cause for pair in found.segments[0].pairs.values() if pair.root]
    assert causes[0].startswith("packets of 1451 bytes reach hv2")
    assert causes[1].startswith("20 % of the full packets to hv3")


def test_a_host_that_nobody_could_look_at_breaks_what_does_not_answer() -> None:
    mesh = fleet(3)
    absent = {"hv3": Record("hv3", reason="timed out")}
    found = report(mesh, absent)
    assert codes(found) == {}  # its peers reach it: only the way in is broken
    assert [(host.name, host.own[0].code) for host in found.bad_hosts] == [
        ("hv3", "host_unreachable")
    ]
    assert found.status == "broken"
    silent = {name: seen(mesh, name, silent=["hv3"]) for name in ("hv1", "hv2")}
    found = report(mesh, {**absent, **silent})
    assert codes(found) == dict.fromkeys(ENDS[1:], "host_unreachable")
    assert "timed out" in found.hosts[2].problems[0].cause


def test_a_host_of_the_run_without_a_record_was_not_looked_at() -> None:
    mesh = fleet(3)
    records = {name: seen(mesh, name, silent=["hv3"]) for name in ("hv1", "hv2")}
    found = merge.merge(mesh, records, ["hv1", "hv2", "hv3"])
    assert codes(found) == dict.fromkeys(ENDS[1:], "host_unreachable")


def test_a_peer_outside_of_the_run_may_be_silent() -> None:
    mesh = fleet(3)
    records = {name: seen(mesh, name, silent=["hv3"]) for name in ("hv1", "hv2")}
    found = merge.merge(mesh, records, ["hv1", "hv2"])
    assert codes(found) == dict.fromkeys(ENDS[1:], "unseen")
    assert (found.status, found.counts["unseen"]) == ("ok", 2)
    assert [host.name for host in found.hosts] == ["hv1", "hv2"]


def test_a_flood_list_that_lacks_a_peer_breaks_that_pair_only() -> None:
    mesh = fleet(3, "kernel")
    lacking = problem("flood_differs", "192.0.2.3", name="vx100", differences="missing 192.0.2.3")
    surplus = problem("flood_differs", name="vx100", differences="superfluous 192.0.2.9")
    found = report(mesh, {"hv1": seen(mesh, "hv1", {"vx100": [lacking]})})
    assert codes(found) == {("hv1", "hv3"): "flood_differs"}
    found = report(mesh, {"hv1": seen(mesh, "hv1", {"vx100": [surplus]})})
    assert codes(found) == {}
    assert [one.code for one in found.hosts[0].own] == ["flood_differs"]


def test_a_warning_does_not_hide_what_is_broken() -> None:
    mesh = fleet(3)
    warning = problem("decap_errors", device="vxlan_sys_4789", count=9)
    bad = {
        "hv1": seen(mesh, "hv1", {"vx100-hv2": [warning]}),
        "hv2": seen(mesh, "hv2", {"vx100-hv1": [DOWN]}),
    }
    pair = report(mesh, bad).segments[0].pairs["hv1", "hv2"]
    assert (pair.status, [one.code for one in pair.problems]) == (
        "broken",
        ["device_down", "decap_errors"],
    )


def star() -> Any:
    """hv1 relays between four others."""
    return fleet(5, topology="hub_spoke", hub="hv1")


def test_spokes_that_do_not_reach_each_other_are_told_the_link_on_the_way() -> None:
    mesh = star()
    others = ["hv2", "hv3", "hv4"]
    bad = {name: seen(mesh, name, silent=["hv5"]) for name in ("hv1", *others)}
    bad["hv5"] = seen(mesh, "hv5", {"vx100-hv1": [DOWN]}, silent=["hv1", *others])
    found = report(mesh, bad)
    assert set(codes(found).values()) == {"device_down"}
    pair: Pair = found.segments[0].pairs["hv2", "hv5"]
    assert (pair.linked, pair.via) == (False, ("hv1", "hv5"))
    assert found.segments[0].pairs["hv1", "hv5"].via is None
    assert sum(found.counts.values()) == 10


def test_planes_say_what_every_plane_has_and_which_one_is_meant() -> None:
    mesh = fleet(3)
    found = report(mesh, {"hv1": seen(mesh, "hv1", {"*": [DOWN]})})
    row = found.hosts[0].record.planes[0]
    assert (row.name, row.peer, row.status) == ("vx100-hv2", "hv2", "broken")
    assert row.marks == {"device": "device_down"}
    assert row.cells == {
        "row": "key 100",
        "ofport": "1",
        "vport": "ovs-system port 1",
        "device": "vxlan_sys_4789 down",
        "flood": "\u2013",
        "underlay": "192.0.2.2",
    }


@pytest.mark.parametrize(
    ("backend", "name", "code", "cells"),
    [
        ("ovsdb", "vx100-hv2", "tunnel_missing", {"row": "missing", "ofport": "\u2013"}),
        ("kernel", "vx100", "port_missing", {"vport": "missing", "device": "missing"}),
    ],
)
def test_planes_of_what_is_missing(
    backend: str, name: str, code: str, cells: dict[str, str]
) -> None:
    mesh = fleet(3, backend)
    result = meshes.info(mesh, "hv1", {name: [problem(code, name=name)]})
    for section in ("tunnels", "devices"):
        result[section] = [one for one in result[section] if one["name"] != name]
    row = record.condense(mesh, "hv1", result, []).planes[0]
    assert (row.name, row.status) == (name, "broken")
    assert cells.items() <= row.cells.items()
    assert row.marks == {"row" if backend == "ovsdb" else "device": code}


def test_planes_of_a_kernel_port() -> None:
    row = seen(fleet(6, "kernel"), "hv1").planes[0]
    assert (row.name, row.peer) == ("vx100", "5 peers")
    assert row.cells["vport"] == "dp-lab port 1"
    assert row.cells["device"] == "vni 100 up"
    assert row.cells["flood"] == "192.0.2.2, 192.0.2.3, 192.0.2.4, and 2 more"


def test_of_many_tunnels_only_those_in_trouble_are_listed() -> None:
    mesh = fleet(record.SHOWN_ROWS + 3)
    kept = seen(mesh, "hv1", {"vx100-hv7": [DOWN]})
    assert [row.name for row in kept.planes] == ["vx100-hv7"]
    assert kept.omitted == record.SHOWN_ROWS + 1


def test_a_failed_module_is_a_host_that_was_not_looked_at() -> None:
    found = record.condense(fleet(3), "hv1", {"failed": True, "msg": "Missing sudo password"}, [])
    assert found.reason == "Missing sudo password"
    assert record.line(found) == "hv1: not looked at: Missing sudo password"


def test_a_record_is_no_json_to_ansible_and_comes_back_whole() -> None:
    mesh = fleet(3)
    first = record.condense(
        mesh, "hv1", meshes.info(mesh, "hv1", {"*": [DOWN]}), meshes.pings(mesh, "hv1", ["hv2"])
    )
    text = record.dump(first)
    assert not text.startswith(("{", "["))
    assert record.load(text) == first
    assert record.line(first) == "hv1: 1 of 2 peers answer at full size; device_down"
    with pytest.raises(ValueError, match="does not start with"):
        record.load("{}")


@examples(40)
@given(st.data())
def test_every_pair_is_counted_once_and_broken_from_either_end(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 6))
    mesh = fleet(count)
    names = [*mesh.members]
    ends = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    cut = data.draw(st.lists(st.sampled_from(ends), unique=True))
    heard = {end: data.draw(st.sampled_from([(0,), (1,), (0, 1)])) for end in cut}
    silent: dict[str, list[str]] = {name: [] for name in names}
    for end in cut:
        for side in heard[end]:
            silent[end[side]].append(end[1 - side])
    found = report(mesh, {n: seen(mesh, n, silent=silent[n]) for n in names})
    assert set(codes(found)) == set(cut)
    assert sum(found.counts.values()) == len(ends)
    assert found.counts["broken"] == len(cut)
