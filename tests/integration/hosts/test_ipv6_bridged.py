"""The mesh with backend ovsdb over IPv6: foreseen, built, and nothing to do the second time."""

from __future__ import annotations

from pathlib import Path

from tests.integration.fleet.ipv6 import assert_full_mtu_both_ways, ipv6_underlay
from tests.integration.mesh.fleet import Fleet


def test_full_mtu_both_ways_and_one_byte_more(bridged: Fleet, tmp_path: Path) -> None:
    with ipv6_underlay(bridged) as six:
        dry = six.must("mesh", "--check")
        assert six.must("mesh") == dry
        assert not six.must("mesh").hosts
        six.left("built")
        assert_full_mtu_both_ways(six, tmp_path)
