"""An IPv6 underlay, on the lab's own hosts: 70 bytes less, and one byte more does not pass."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.mesh.capture import Capture
from tests.integration.mesh.ears import assert_exactly_once, assert_unicast_is_learned
from tests.integration.mesh.fleet import Fleet


@contextmanager
def ipv6_underlay(fleet: Fleet) -> Iterator[Fleet]:
    """The hosts with an IPv6 endpoint each, beside the IPv4 address that they have anyway."""
    fleet.underlay = {
        host: f"fd00:198:18::{address.rpartition('.')[2]}"
        for host, address in fleet.underlay.items()
    }
    for host, address in fleet.underlay.items():
        fleet.sh(host, f"modprobe ipv6; ip address replace {address}/64 dev eth1 nodad")
    yield fleet
    fleet.empty()
    for host, address in fleet.underlay.items():
        fleet.sh(host, f"ip address delete {address}/64 dev eth1")


def assert_full_mtu_both_ways(six: Fleet, folder: Path) -> None:
    """Builds the mesh; every pair carries what fits, no byte more, and each broadcast once."""
    six.built()
    for host in six.hosts:
        link = six.link(host, six.device)
        assert link is not None
        assert link["mtu"] == 1430
        assert six.remotes(host) == set(six.underlay.values()) - {six.underlay[host]}
    with Capture(six.lab, folder) as capture:
        six.assert_carries(1430)
    members = set(six.underlay.values())
    outer = [packet for packet in capture.packets if packet.vni == 100]
    assert {packet.source for packet in outer} == members
    assert {packet.destination for packet in outer} == members
    assert all(ipaddress.ip_address(packet.source).version == 6 for packet in outer)
    # The largest fills the underlay: 1500 less IPv6, UDP, VXLAN, and the inner Ethernet header.
    assert max(len(packet.inner) for packet in outer) == 1500 - 40 - 8 - 8
    assert_exactly_once(six, folder)
    assert_unicast_is_learned(six, folder)
