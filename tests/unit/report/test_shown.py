"""The report as a table, as JUnit XML, as JSON, and compared with an earlier one."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import (
    compare,
    document,
    graph,
    junit,
    matrix,
    merge,
    table,
    view,
)
from ansible_collections.tunnelmesh.ovs.plugins.plugin_utils.page import render
from tests.unit.report import meshes
from tests.unit.report.meshes import DOWN, TEMPLATE, fleet, report, seen


def test_the_table_of_a_healthy_mesh_is_one_line() -> None:
    assert table.table(meshes.healthy(3)) == "3 hosts, 3 pairs: 3 ok"


def test_the_table_names_pairs_hosts_and_remedies() -> None:
    text = table.table(meshes.broken(8)).splitlines()
    assert text[0] == "BROKEN PAIRS"
    assert text[1].split()[:5] == ["lab", "hv1", "-", "hv2", "overlay_mtu"]
    assert text[2].split()[:5] == ["lab", "hv5", "-", "7", "peers"]
    assert "hv8: vxlan_sys_4789 is down" in text[3]
    assert text[text.index("WARNINGS") + 1].split()[4] == "decap_errors"
    assert "No route to host" in text[text.index("HOSTS") + 1]
    remedies = text[text.index("WHAT TO DO") + 1 :]
    assert "ip link set vxlan_sys_4789 up" in remedies[1]
    assert text[-1] == "8 hosts, 28 pairs: 13 ok, 1 warning, 14 broken; 1 host in trouble"
    assert "device_down on hv8" in table.headline(meshes.broken(8))


def test_few_pairs_of_a_host_get_a_line_each() -> None:
    lines = table.table(meshes.broken(3)).splitlines()
    assert [line.split()[1:4] for line in lines[1:4]] == [
        ["hv1", "-", "hv2"],
        ["hv1", "-", "hv3"],
        ["hv2", "-", "hv3"],
    ]


def test_a_host_cannot_repaint_the_terminal() -> None:
    mesh = fleet(3)
    evil = {**DOWN, "cause": "\x1b[2J\u202egone\nline", "remedy": "\x07ring"}
    text = table.table(report(mesh, {"hv1": seen(mesh, "hv1", {"*": [evil]})}))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\x07" not in text
    assert "?[2J?gone?line" in text


def test_junit_has_a_test_per_pair_and_host() -> None:
    mesh = fleet(3)
    evil = {**DOWN, "cause": "<bad> \x00 & \ud800"}
    root = ET.fromstring(
        junit.junit(report(mesh, {"hv3": seen(mesh, "hv3", {"*": [evil]})})).partition("\n")[2]
    )
    assert [(s.get("name"), s.get("tests"), s.get("failures")) for s in root] == [
        ("segment lab", "3", "2"),
        ("hosts", "3", "0"),
    ]
    failure = root.find(".//failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("device_down", "hv3: <bad> ? & ?")
    assert "remedy: ip link set" in (failure.text or "")


def test_the_schema_of_the_document() -> None:
    found = document.document(meshes.broken(8))
    assert (found["schema"], found["status"], found["at"]) == (1, "broken", meshes.AT)
    assert found["summary"] == {
        "hosts": 8,
        "pairs": 28,
        "ok": 13,
        "warning": 1,
        "broken": 14,
        "unseen": 0,
    }
    pairs = {tuple(pair["hosts"]): pair for pair in found["segments"][0]["pairs"]}
    assert len(pairs) == 28
    assert pairs["hv1", "hv4"] == {
        "hosts": ["hv1", "hv4"],
        "status": "ok",
        "code": "ok",
        "there": pairs["hv1", "hv4"]["there"],
        "back": pairs["hv1", "hv4"]["back"],
    }
    assert set(pairs["hv1", "hv4"]["there"]) == {"loss", "rtt_ms", "largest"}
    bad = pairs["hv7", "hv8"]
    assert (bad["status"], bad["code"]) == ("broken", "device_down")
    assert set(bad["problems"][0]) == {
        "code",
        "plane",
        "severity",
        "host",
        "name",
        "cause",
        "culprit",
        "remedy",
    }
    hosts = {host["name"]: host for host in found["hosts"]}
    assert (hosts["hv8"]["breaks"], hosts["hv8"]["status"]) == (6, "broken")
    assert (hosts["hv5"]["looked_at"], hosts["hv4"]["looked_at"]) == (False, True)


def test_a_document_comes_back_from_a_file_and_from_a_page() -> None:
    found = meshes.broken(3)
    plain = document.dump(document.document(found))
    assert document.load(plain, "x") == document.document(found)
    page = render(found, TEMPLATE, None, "t")
    assert document.load(page, "x") == document.document(found, good_pairs=False)


@pytest.mark.parametrize("text", ["", "[]", "{}", "<html></html>", '{"kind": "other"}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"old\.json is no report"):
        document.load(text, "old.json")


def test_a_newer_schema_is_refused() -> None:
    newer = json.dumps({**document.document(meshes.healthy(3)), "schema": 2})
    with pytest.raises(InputError, match="has schema 2, 1 is understood"):
        document.load(newer, "old.json")


def test_before_and_after() -> None:
    before = document.document(meshes.broken(8))
    mesh = fleet(8)
    after = report(mesh, {"hv8": seen(mesh, "hv8", {"vx100-hv1": [DOWN], "vx100-hv2": [DOWN]})})
    found = compare.compare(after, before)
    assert (len(found.fixed), found.new, found.changed, found.still) == (13, (), (), 2)
    assert ("device_down", "hv8") in found.since
    other = report(mesh, {"hv1": seen(mesh, "hv1", silent=["hv2", "hv4"])})
    found = compare.compare(other, before)
    assert [(c.hosts, c.after) for c in found.new] == [(("hv1", "hv4"), "overlay_silent")]
    assert [(c.before, c.after) for c in found.changed] == [("overlay_mtu", "overlay_silent")]
    smaller = compare.compare(meshes.healthy(3), document.document(meshes.healthy(8)))
    assert (smaller.joined, len(smaller.left), smaller.fixed) == ((), 5, ())


@pytest.mark.parametrize(("count", "size"), [(3, "roomy"), (20, "middle"), (61, "dense")])
def test_a_matrix_has_a_cell_for_every_ordered_pair(count: int, size: str) -> None:
    found = report(fleet(count, "kernel"))
    run = frozenset(host.name for host in found.hosts)
    made = matrix.matrix(found.segments[0], {}, run)
    assert (made.size, len(made.rows), made.left_out) == (size, count, 0)
    for name, cells in made.rows:
        assert [cell.kind for cell in cells] == ["s" if n == name else "" for n in made.names]


def test_a_huge_matrix_shows_only_what_is_in_trouble() -> None:
    count = matrix.MATRIX_HOSTS + 1
    mesh = fleet(count, "kernel")
    quiet = {name: seen(mesh, name) for name in ("hv1", "hv2")}
    quiet["hv1"] = seen(mesh, "hv1", silent=["hv2"])
    found = merge.merge(mesh, quiet, ["hv1", "hv2"])
    made = matrix.matrix(found.segments[0], {}, frozenset(("hv1", "hv2")))
    assert (made.names, made.left_out) == (("hv1", "hv2"), count - 2)


def test_the_drawing_has_a_hub_in_the_middle_and_links_only() -> None:
    found = report(fleet(5, topology="hub_spoke", hub="hv1"))
    made = graph.graph(found.segments[0], {host.name: host for host in found.hosts})
    assert made is not None
    assert len(made.edges) == 4
    assert (made.nodes[0].x, made.nodes[0].y) == (made.side / 2, made.side / 2)
    assert all(0 < node.x < made.side and 0 < node.y < made.side for node in made.nodes)


def test_beyond_sixty_hosts_there_is_no_drawing() -> None:
    found = report(fleet(61, "kernel"))
    assert graph.graph(found.segments[0], {}) is None


def test_headlines() -> None:
    assert view.headline(meshes.healthy(2)) == "The only pair carries full-size packets"
    assert view.headline(meshes.broken(3)) == "3 of 3 pairs are broken"
    mesh = fleet(3)
    one = report(mesh, {"hv1": seen(mesh, "hv1", silent=["hv2"])})
    assert view.headline(one) == "1 of 3 pairs is broken"
