"""The mesh with backend kernel: dry run, run, drift, removal, each seen by other tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.mesh.capture import Capture
from tests.integration.mesh.fleet import Fleet, Traces
from tests.playbooks.play import Run


def test_dry_run_says_what_the_run_does_and_touches_nothing(fleet: Fleet, blank: Traces) -> None:
    fleet.empty()
    dry = fleet.must("mesh", "--check", "--diff")
    assert fleet.traces() == blank
    real = fleet.must("mesh", "--diff")
    assert real == dry
    assert real.hosts == set(fleet.hosts)
    fleet.left("built")


def test_what_the_kernel_shows(fleet: Fleet) -> None:
    fleet.built()
    for host in fleet.hosts:
        link = fleet.link(host, "vx100")
        assert link is not None
        assert (link["master"], link["mtu"], link["promiscuity"]) == ("dp-lab", 1450, 1)
        assert link["linkinfo"]["info_slave_kind"] == "openvswitch"
        data = link["linkinfo"]["info_data"]
        assert (data["id"], data["port"], data["local"]) == (100, 4789, fleet.underlay[host])
        others = set(fleet.underlay.values()) - {fleet.underlay[host]}
        assert fleet.flood(host) == others
        local = fleet.link(host, "dp-lab")
        assert local is not None
        assert (local["mtu"], "UP" in local["flags"]) == (1450, True)
    fleet.assert_carries(1450)


def test_a_second_run_changes_nothing_in_eight_round_trips(fleet: Fleet) -> None:
    # The look, what is missing, files of the host; datapaths, ports, connections, files of the
    # mesh, pings.
    fleet.assert_idle(8)


@pytest.fixture
def strangers(fleet: Fleet) -> Iterator[set[str]]:
    """A VXLAN device and a datapath on vtep1 that are not ours."""
    fleet.sh("vtep1", "ip link add vx999 type vxlan id 999 dstport 4999 && ovs-dpctl add-dp other")
    yield {"vx999", "other"}
    fleet.sh("vtep1", "ip link del vx999; ovs-dpctl del-dp other", check=False)


def test_drift_is_named_and_repaired_and_strangers_survive(
    fleet: Fleet, strangers: set[str]
) -> None:
    fleet.built()
    fleet.sh("vtep1", "ip link set vx100 mtu 1400 && ip link set dp-lab down")
    fleet.sh("vtep2", "ovs-dpctl del-if dp-lab vx100")
    fleet.sh("vtep2", "bridge fdb append 00:00:00:00:00:00 dev vx100 dst 198.18.0.99")
    fleet.sh("vtep3", "ip link del vx100 && ip address flush dev dp-lab scope global")
    dry = fleet.must("mesh", "--check")
    assert ("change", "mtu") in dry.actions("vtep1")
    assert ("change", "up") in dry.actions("vtep1")
    assert ("link", "datapath") in dry.actions("vtep2")
    assert ("change", "remotes") in dry.actions("vtep2")
    assert ("create", "") in dry.actions("vtep3")
    assert ("change", "address") in dry.actions("vtep3")
    assert fleet.must("mesh") == dry
    assert not fleet.must("mesh", "--check").hosts
    fleet.assert_carries(1450)
    assert all(fleet.link("vtep1", name) for name in strangers)
    fleet.left("built")


def test_a_segment_reaches_its_members_and_nobody_else(fleet: Fleet, tmp_path: Path) -> None:
    segments = [
        {"name": "lab", "vni": 100},
        {"name": "pair", "vni": 200, "members": ["vtep1", "vtep2"]},
    ]
    hosts = {
        host: {
            "vxlan_mesh_addresses": {
                "lab": f"{fleet.overlay[host]}/24",
                "pair": f"198.19.200.{index}/24",
            }
        }
        for index, host in enumerate(("vtep1", "vtep2"), 11)
    }
    fleet.must("mesh", hosts=hosts, vxlan_mesh_segments=segments)
    assert fleet.link("vtep3", "vx200") is None
    with Capture(fleet.lab, tmp_path) as capture:
        assert fleet.pings("vtep1", "198.19.200.12", 1450)
        fleet.sh("vtep1", "ping -c 3 -i 0.2 -b -W 1 198.19.200.255", check=False)
        assert fleet.pings("vtep1", fleet.overlay["vtep3"], 1450)
    members = {fleet.underlay["vtep1"], fleet.underlay["vtep2"]}
    pair = [packet for packet in capture.packets if packet.vni == 200]
    lab = [packet for packet in capture.packets if packet.vni == 100]
    assert len(pair) >= 5
    assert lab
    assert {packet.port for packet in capture.packets} == {4789}
    assert {packet.vni for packet in capture.packets} == {100, 200}
    assert all(packet.dont_fragment for packet in capture.packets)
    assert all({packet.source, packet.destination} == members for packet in pair)
    assert all(packet.destination in fleet.underlay.values() for packet in lab)
    # Back to one segment: the other goes, and only on its members.
    gone = fleet.must("mesh")
    assert gone.hosts == {"vtep1", "vtep2"}
    assert fleet.link("vtep1", "vx200") is None
    assert fleet.link("vtep1", "dp-pair") is None
    fleet.left("built")


def test_teardown_leaves_no_trace(fleet: Fleet, blank: Traces) -> None:
    fleet.built()
    assert fleet.traces() != blank
    dry = fleet.must("teardown", "--check")
    real = fleet.must("teardown")
    # In a dry run the datapath still has the port that the task before would have removed, and
    # the reason for its removal says so.
    assert _without_reasons(real) == _without_reasons(dry)
    assert fleet.traces() == blank
    assert not fleet.must("teardown").hosts
    fleet.left("empty")


def test_a_refused_plan_touches_nothing(fleet: Fleet, blank: Traces) -> None:
    fleet.empty()
    for wrong in (fleet.underlay["vtep1"], "198.18.0.99"):
        hosts = {"vtep2": {"vxlan_mesh_endpoint": wrong}}
        refused = fleet.play("mesh", hosts=hosts)
        assert refused.status != 0
        said = f"host vtep2: its endpoint {wrong} is not an address of the host"
        assert any(said in text for text in refused.failures.values()), refused.failures
    refused = fleet.play("mesh", "-e", "vxlan_mesh_mtu=1451")
    assert any("at most 1450" in text for text in refused.failures.values()), refused.failures
    assert fleet.traces() == blank
    fleet.left("empty")


def _without_reasons(run: Run) -> list[tuple[str, str, list[dict[str, Any]]]]:
    return sorted(
        (host, task, [{k: v for k, v in action.items() if k != "why"} for action in actions])
        for host, tasks in run.changes.items()
        for task, actions in tasks.items()
    )
