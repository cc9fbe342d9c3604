"""Packets on the underlay: what a port is told is what is on the wire.

The peers are plain Linux VXLAN devices, made by ip and bridge alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Lab
from tests.integration.kernel.host import DATAPATH, PORT, Host
from tests.integration.kernel.witness import eventually
from tests.integration.ovsdb.packets import Packet, parse

UNDERLAY = "198.18.0.{}"
UNDERLAY6 = "fd00:198:18::{}"
OVERLAY = "198.19.100.{}"
PEERS = {"vtep2": 12, "vtep3": 13}


def _peer(lab: Lab, name: str, underlay: str) -> None:
    number = PEERS[name]
    others = [underlay.format(other) for other in (11, 12, 13) if other != number]
    entries = "".join(
        f"bridge fdb append 00:00:00:00:00:00 dev vx100 dst {other};" for other in others
    )
    lab.ssh(
        name,
        f"set -e; ip link del dev vx100 2>/dev/null || true; ip link add vx100 mtu 1400 up "
        f"type vxlan id 100 dstport 4789 local {underlay.format(number)}; {entries}"
        f"ip address add {OVERLAY.format(number)}/24 dev vx100",
    )


@pytest.fixture
def mesh(host: Host, lab: Lab) -> Iterator[Host]:
    """The host with an empty datapath, and two peers on an IPv4 underlay."""
    for name in PEERS:
        _peer(lab, name, UNDERLAY)
    host.must(DATAPATH, name="lab0", mtu=1400, address=[OVERLAY.format(11) + "/24"])
    yield host
    for name in PEERS:
        lab.ssh(name, "ip link del dev vx100", check=False)


def _connect(host: Host, remotes: list[str], **options: Any) -> None:
    host.must(PORT, name="vx100", vni=100, datapath="lab0", remotes=remotes, **options)
    host.must(DATAPATH, name="lab0", connect=[["lab0", "vx100"]])


def _pings(host: Host, number: int) -> None:
    """Wait until an overlay address answers."""
    address = OVERLAY.format(number)
    eventually(
        lambda: " 0% packet loss" in host.sh(f"ping -c 3 -i 0.2 -W 2 {address}", check=False),
        f"{address} does not answer",
        60,
    )


def _sent(file: Path, source: str) -> list[Packet]:
    return [packet for packet in parse(file.read_bytes()) if packet.src == source]


def test_what_is_on_the_wire(mesh: Host, lab: Lab, tmp_path: Path) -> None:
    here, peers = UNDERLAY.format(11), [UNDERLAY.format(12), UNDERLAY.format(13)]
    options = {"local_ip": here, "ttl": "9", "tos": "184", "src_port_range": [40000, 40100]}
    with lab.capture("underlay", tmp_path / "all.pcap", ["udp", "port", "4789"]):
        _connect(mesh, peers, **options)
        _pings(mesh, 12)
        _pings(mesh, 13)
    sent = _sent(tmp_path / "all.pcap", here)
    assert {packet.dst for packet in sent} == set(peers)
    assert {packet.vni for packet in sent} == {100}
    assert {packet.dst_port for packet in sent} == {4789}
    assert {packet.ttl for packet in sent} == {9}
    assert {packet.tos & 0xFC for packet in sent} == {184}
    assert all(packet.dont_fragment for packet in sent)


def test_nothing_goes_to_a_host_that_is_no_member(mesh: Host, lab: Lab, tmp_path: Path) -> None:
    here, member, stranger = (UNDERLAY.format(number) for number in (11, 12, 13))
    with lab.capture("underlay", tmp_path / "all.pcap", ["udp", "port", "4789"]):
        _connect(mesh, [member], local_ip=here)
        _pings(mesh, 12)
        mesh.sh(f"ping -c 2 -i 0.2 -W 1 {OVERLAY.format(13)}", check=False)
        mesh.sh(f"ping -b -c 3 -i 0.2 -W 1 {OVERLAY.format(255)}", check=False)
    sent = _sent(tmp_path / "all.pcap", here)
    assert len(sent) >= 8
    assert {packet.dst for packet in sent} == {member}, f"nothing to {stranger}"


def test_a_change_in_place_loses_no_packet(mesh: Host, lab: Lab, tmp_path: Path) -> None:
    here, peer = UNDERLAY.format(11), UNDERLAY.format(12)
    _connect(mesh, [peer], local_ip=here)
    _pings(mesh, 12)
    with lab.capture("underlay", tmp_path / "all.pcap", ["udp", "port", "4789"]):
        mesh.sh(f"nohup ping -c 150 -i 0.02 -W 10 {OVERLAY.format(12)} >/tmp/ping 2>&1 &")
        eventually(lambda: mesh.sh("wc -l </tmp/ping") > "10", "the ping does not run")
        for ttl in ("9", "10", "11"):
            (action,) = mesh.must(
                PORT, name="vx100", vni=100, datapath="lab0", local_ip=here, ttl=ttl
            )["actions"]
            assert action["action"] == "change"
        eventually(lambda: "packet loss" in mesh.sh("cat /tmp/ping"), "the ping does not end", 60)
    assert "150 packets transmitted, 150 received, 0% packet loss" in mesh.sh("cat /tmp/ping")
    ttls = [packet.ttl for packet in _sent(tmp_path / "all.pcap", here)]
    assert {64, 11} <= set(ttls), "the change came while the ping ran"


def test_ipv6_underlay(mesh: Host, lab: Lab, tmp_path: Path) -> None:
    here, peer = UNDERLAY6.format(11), UNDERLAY6.format(12)
    add = "ip -6 address add {}/64 dev eth1 nodad"
    mesh.sh(add.format(here))
    lab.ssh("vtep2", add.format(peer))
    try:
        _peer(lab, "vtep2", UNDERLAY6)
        file = tmp_path / "all.pcap"
        with lab.capture("underlay", file, ["ip6", "and", "udp", "port", "4789"]):
            _connect(mesh, [peer], local_ip=here, ttl="9")
            _pings(mesh, 12)
        frames = file.read_bytes()
        # Outer Ethernet type, version, and hop limit of what comes from here.
        addresses = bytes.fromhex("fd000198001800000000000000000011")
        assert frames.count(b"\x11\x09" + addresses) >= 3
    finally:
        mesh.sh(f"ip -6 address del {here}/64 dev eth1")
        lab.ssh("vtep2", f"ip -6 address del {peer}/64 dev eth1")
