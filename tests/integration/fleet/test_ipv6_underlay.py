"""The mesh with backend kernel over IPv6; with backend ovsdb: tests/integration/hosts."""

from __future__ import annotations

from pathlib import Path

from tests.integration.fleet.ipv6 import assert_full_mtu_both_ways, ipv6_underlay
from tests.integration.mesh.fleet import Fleet


def test_full_mtu_both_ways_and_one_byte_more(kernel: Fleet, tmp_path: Path) -> None:
    with ipv6_underlay(kernel) as six:
        assert_full_mtu_both_ways(six, tmp_path)
