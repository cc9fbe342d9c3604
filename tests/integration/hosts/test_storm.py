"""Three hosts with backend ovsdb and no split horizon: what the mesh keeps away."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.integration.mesh.capture import Capture
from tests.integration.mesh.ears import assert_exactly_once
from tests.integration.mesh.fleet import Fleet
from tests.playbooks.wire import inner_ipv4


def test_without_split_horizon_it_would_storm(bridged: Fleet, tmp_path: Path) -> None:
    """The control: what `protected` keeps away, and that the captures would show it."""
    bridged.built()
    for host in bridged.hosts:
        tunnels = [f"vx100-{peer}" for peer in bridged.hosts if peer != host]
        bridged.sh(host, "ovs-vsctl --timeout=60 " + " -- ".join(map(OPEN.format, tunnels)))
    try:
        with Capture(bridged.lab, tmp_path) as capture:
            bridged.sh("vtep1", "ping -b -q -c 1 -W 1 198.19.100.255; true")
            deadline = time.monotonic() + 60
            while len(capture.now(_broadcast)) <= 1000 and time.monotonic() < deadline:
                time.sleep(0.05)
            for host in bridged.hosts:
                bridged.lab.link(host, "down")
        assert len([packet for packet in capture.packets if _broadcast(packet)]) > 1000
    finally:
        for host in bridged.hosts:
            bridged.lab.link(host, "down")
        run = bridged.must("mesh", "-e", "vxlan_mesh_verify=false")
        for host in bridged.hosts:
            bridged.lab.link(host, "up")
    assert {host: run.actions(host) for host in bridged.hosts} == {
        host: [("change", "protected"), ("change", "protected")] for host in bridged.hosts
    }
    assert_exactly_once(bridged, tmp_path)


OPEN = "set port {} protected=false"


def _broadcast(packet: Any) -> bool:
    return (inner_ipv4(packet) or ("", ""))[1] == "198.19.100.255"
