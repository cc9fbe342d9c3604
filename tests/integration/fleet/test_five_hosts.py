"""Five hosts with backend ovsdb: no loops, and a host that leaves takes its tunnels along."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.integration.mesh.capture import Capture
from tests.integration.mesh.ears import assert_exactly_once, assert_unicast_is_learned
from tests.integration.mesh.fleet import Fleet
from tests.playbooks.wire import inner_ipv4

# Columns that ovs-vswitchd does not write of its own accord.
COLUMNS = {
    "interface": "_uuid,type,options,external_ids,ofport,error,mtu_request",
    "port": "_uuid,protected,tag,external_ids",
    "bridge": "_uuid,external_ids,other_config,fail_mode",
}
STRANGER = """ovs-vsctl --timeout=60 add-br br-other -- add-port br-other theirs \
    -- set interface theirs type=vxlan options:remote_ip={remote} options:key=7 \
       options:dst_port=4999 \
    -- add-port br-mesh stranger -- set interface stranger type=internal"""
NO_STRANGER = "ovs-vsctl --timeout=60 --if-exists del-br br-other -- --if-exists del-port stranger"


def database(fleet: Fleet, host: str) -> dict[str, dict[str, Any]]:
    """Table -> rows by name, without what changes by itself."""
    return {table: fleet.rows(host, table, columns) for table, columns in COLUMNS.items()}


def test_no_loops_and_a_host_that_leaves(five: Fleet, tmp_path: Path) -> None:
    five.built()
    assert_exactly_once(five, tmp_path)
    assert_unicast_is_learned(five, tmp_path)
    gone, *stay = reversed(five.hosts)
    try:
        five.sh("vtep1", STRANGER.format(remote=five.underlay[gone]))
        before = {host: database(five, host) for host in five.hosts}
        run = five.must("mesh", without=gone)
        assert run.hosts == set(stay)
        assert all(run.actions(host) == [("delete", "")] for host in stay)
        for host in stay:
            for table in ("interface", "port"):
                assert before[host][table].pop(f"vx100-{gone}")
        # What is left is the same to the byte, row by row; so is the host that left.
        assert {host: database(five, host) for host in five.hosts} == before
        for host in stay:
            assert five.remotes(host) - {five.underlay[gone]} == {
                five.underlay[peer] for peer in stay if peer != host
            }
            assert not five.pings(host, five.overlay[gone], 100)
        assert not five.must("mesh", without=gone).hosts
    finally:
        five.sh("vtep1", NO_STRANGER)


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
