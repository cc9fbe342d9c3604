"""The mesh with backend ovsdb: tunnels of ovs-vswitchd, free of loops."""

from __future__ import annotations

from pathlib import Path

from tests.integration.mesh.ears import assert_exactly_once, assert_unicast_is_learned
from tests.integration.mesh.fleet import Fleet


def test_a_run_with_nothing_to_do_is_seven_round_trips(bridged: Fleet) -> None:
    # The look, what is missing, files of the host; tunnels, access ports, files of the mesh, pings.
    bridged.assert_idle(7)


def test_three_hosts_hear_each_broadcast_once_and_learn(bridged: Fleet, tmp_path: Path) -> None:
    bridged.built()
    ports = bridged.rows("vtep1", "port", "protected", "name!=br-mesh")
    assert ports == {f"vx100-{peer}": {"protected": True} for peer in ("vtep2", "vtep3")}
    assert_exactly_once(bridged, tmp_path)
    assert_unicast_is_learned(bridged, tmp_path)
