"""Five hosts with backend ovsdb: no loops, and a host that leaves takes its tunnels along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.mesh.ears import assert_exactly_once, assert_unicast_is_learned
from tests.integration.mesh.fleet import Fleet

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
