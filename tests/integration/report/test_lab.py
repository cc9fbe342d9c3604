"""Verify and report over real kernels: healthy, with a cut pair, with a dead data plane."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.integration.report.stage import CUT, DEVICE, EVERY_THIRD, FILTER, TOO_LARGE, Stage
from tests.tools.browser import Browser

NOBODY = "198.19.254.99"


def test_a_healthy_mesh_is_reported_without_one_complaint(stage: Stage, browser: Browser) -> None:
    stage.mend()
    shown = stage.must("report", "-e", "vxlan_mesh_report_file=healthy.html")
    assert "3 hosts, 3 pairs: 3 ok" in shown.text
    assert "vtep2: 2 of 2 peers answer at full size" in shown.text
    page = browser.open(stage.folder / "healthy.html")
    assert page.errors == []
    assert page.text("h1") == "✓All 3 pairs carry full-size packets"
    assert page.count(".card") == 0
    cells = page.texts("table.matrix tbody td:not(.s)")
    assert len(cells) == 6
    assert all("0 % lost, 1450 B" in cell for cell in cells)
    # The planes of a host, as other tools see them.
    ofport = stage.sh("vtep1", "ovs-vsctl get interface vx100-vtep2 ofport").strip()
    number = next(
        line.split()[1].rstrip(":")
        for line in stage.sh("vtep1", "ovs-dpctl show ovs-system").splitlines()
        if DEVICE in line
    )
    row = page.texts("#h-vtep1 tbody tr:first-child > *")
    assert row[:5] == [
        "vx100-vtep2",
        "vtep2",
        "key 100",
        ofport,
        f"ovs-system port {number}",
    ]
    assert row[5] == f"{DEVICE} up"


def test_a_cut_pair_and_an_unreachable_host_are_told_apart(stage: Stage) -> None:
    stage.mend()
    stage.sh("vtep3", CUT)
    shown = stage.play(
        "verify",
        "-e",
        "vxlan_mesh_verify_json=pair.json vxlan_mesh_verify_junit=pair.xml",
        strangers={"vtep1": NOBODY},
    )
    assert shown.status != 0
    assert [row[:5] for row in shown.part("BROKEN PAIRS")] == [
        ["lab", "vtep2", "-", "vtep3", "overlay_silent"]
    ]
    assert [row[:2] for row in shown.part("HOSTS")] == [["vtep1", "host_unreachable"]]
    assert any(
        row[1] == "overlay_silent" and "may drop UDP port 4789" in " ".join(row)
        for row in shown.part("WHAT TO DO")
    )
    assert "vtep1: not looked at" in shown.text
    assert "3 hosts, 3 pairs: 2 ok, 1 broken; 1 host in trouble" in shown.text

    document = stage.json("pair.json")
    pairs = {tuple(pair["hosts"]): pair for pair in document["segments"][0]["pairs"]}
    assert {ends: pair["code"] for ends, pair in pairs.items()} == {
        ("vtep1", "vtep2"): "ok",
        ("vtep1", "vtep3"): "ok",
        ("vtep2", "vtep3"): "overlay_silent",
    }
    assert pairs["vtep2", "vtep3"]["there"] == {"loss": 100.0, "rtt_ms": None, "largest": None}
    assert [host["looked_at"] for host in document["hosts"]] == [False, True, True]

    suites = ET.parse(stage.folder / "pair.xml").getroot()
    failed = {
        (case.get("name"), failure.get("type"))
        for case in suites.iter("testcase")
        for failure in case.iter("failure")
    }
    assert failed == {("vtep2 - vtep3", "overlay_silent"), ("vtep1", "host_unreachable")}


def test_a_dead_data_plane_is_named_beside_the_pair(stage: Stage, browser: Browser) -> None:
    stage.mend()
    stage.sh("vtep3", CUT)
    stage.sh("vtep1", f"ip link set {DEVICE} down")
    shown = stage.must("report", "-e", "vxlan_mesh_report_file=broken.html baseline=healthy.html")
    assert {tuple(row[1:5]) for row in shown.part("BROKEN PAIRS")} == {
        ("vtep1", "-", "vtep2", "device_down"),
        ("vtep1", "-", "vtep3", "device_down"),
        ("vtep2", "-", "vtep3", "overlay_silent"),
    }
    page = browser.open(stage.folder / "broken.html")
    assert page.errors == []
    assert page.text("h1") == "\u00d73 of 3 pairs are broken"
    first = page.text(".card:first-child")
    assert "device_down on vtep1" in first
    assert f"ip link set {DEVICE} up" in first
    assert page.count("table.matrix td.b") == 6
    assert page.count("#h-vtep1 td.bad") == 2
    assert "\u00d7 3 new" in page.text(".deltas")


def _codes(stage: Stage, name: str) -> dict[tuple[str, ...], str]:
    """Pair -> the code of its root cause, as a JSON file of verify has it."""
    (segment,) = stage.json(name)["segments"]
    return {tuple(pair["hosts"]): pair["code"] for pair in segment["pairs"]}


def test_a_pair_that_loses_some_packets_or_the_large_ones(stage: Stage) -> None:
    stage.mend()
    stage.sh("vtep1", FILTER.format(source="198.18.0.12", action=TOO_LARGE))
    stage.sh("vtep3", FILTER.format(source="198.18.0.11", action=EVERY_THIRD))
    shown = stage.play("verify", "-e", "vxlan_mesh_verify_json=some.json")
    assert _codes(stage, "some.json") == {
        ("vtep1", "vtep2"): "overlay_mtu",
        ("vtep1", "vtep3"): "overlay_loss",
        ("vtep2", "vtep3"): "ok",
    }
    assert "raise the MTU of the underlay path, or lower that of the overlay" in shown.text
    assert shown.status != 0
    assert "3 hosts, 3 pairs: 1 ok, 1 warning, 1 broken" in shown.text


def test_a_mesh_that_carries_more_than_was_planned(stage: Stage) -> None:
    """The inventory was changed, and nobody has run the mesh playbook since."""
    stage.mend()
    planned = "vxlan_mesh_mtu=1400 vxlan_mesh_verify_json=more.json"
    stage.play("verify", "-e", planned)
    assert set(_codes(stage, "more.json").values()) == {"overlay_oversize"}
