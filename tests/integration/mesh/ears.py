"""What the hosts of a mesh hear on their own devices, and what the underlay carries meanwhile."""

from __future__ import annotations

import base64
import ipaddress
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.integration.harness import Lab
from tests.integration.mesh.capture import Capture
from tests.integration.mesh.fleet import Fleet
from tests.playbooks.flood import BROADCASTS, HEADERS, MARKER, SIZE
from tests.playbooks.wire import inner_ipv4, inner_length

DEADLINE = 90.0
START = """
rm -f /run/ears.*
tcpdump -i {device} -Q in -U --immediate-mode -n -w /run/ears.pcap {what} >/run/ears.log 2>&1 &
echo $! >/run/ears.pid
for i in $(seq 600); do grep -q 'listening on' /run/ears.log && exit 0; sleep 0.05; done
cat /run/ears.log; exit 1
"""
STOP = "kill $(cat /run/ears.pid); while test -d /proc/$(cat /run/ears.pid); do sleep 0.02; done"
# An echo request as it was heard: source, sequence number, length of the IP packet.
Heard = tuple[str, int, int]


class Ears:
    """tcpdump on a device inside each host, from entering to leaving."""

    def __init__(self, lab: Lab, devices: Mapping[str, str], what: str = "icmp") -> None:
        self._lab, self._devices, self._what = lab, devices, what

    def __enter__(self) -> Ears:
        for host, device in self._devices.items():
            self._lab.ssh(host, START.format(device=device, what=self._what))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for host in self._devices:
            self._lab.ssh(host, STOP)

    def heard(self, host: str) -> Counter[Heard]:
        """The echo requests so far."""
        text = self._lab.ssh(host, "base64 -w0 /run/ears.pcap").stdout
        return Counter(_requests(base64.b64decode(text)))


def _requests(pcap: bytes) -> Iterator[Heard]:
    offset = 24
    while offset + 16 <= len(pcap):
        (length,) = struct.unpack_from("<8xI4x", pcap, offset)
        frame = pcap[offset + 16 : offset + 16 + length]
        offset += 16 + length
        if frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34:35] == b"\x08":
            source = str(ipaddress.ip_address(frame[26:30]))
            sequence = int.from_bytes(frame[40:42], "big")
            yield source, sequence, int.from_bytes(frame[16:18], "big")


def wait(condition: Callable[[], Any], what: str) -> None:
    """Until the condition holds; AssertionError after DEADLINE seconds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"within {DEADLINE:g} s: {what}"
        time.sleep(0.05)


def shout(fleet: Fleet, host: str, broadcast: str) -> None:
    """Broadcasts, and a larger one that marks their end."""
    ping = f"ping -b -q -i 0.2 -W 1 {broadcast}"
    fleet.sh(host, f"{ping} -c {BROADCASTS} -s {SIZE}; {ping} -c 1 -s {MARKER}; true")


def assert_exactly_once(fleet: Fleet, folder: Path) -> None:
    """All members broadcast at once: each hears each other once, and no path carries more.

    The window ends when everybody has heard everybody's marker, which is sent a second after the
    last broadcast. What circles in the mesh would be heard thousands of times by then.
    """
    members = fleet.overlay
    broadcast = next(iter(members.values())).rpartition(".")[0] + ".255"

    def due(host: str, size: int, count: int) -> Counter[Heard]:
        others = [address for peer, address in members.items() if peer != host]
        return Counter(
            (address, number, size + HEADERS)
            for address in others
            for number in range(1, count + 1)
        )

    with (
        Ears(fleet.lab, dict.fromkeys(members, fleet.device), f"icmp and dst {broadcast}") as ears,
        Capture(fleet.lab, folder) as capture,
    ):
        with ThreadPoolExecutor(len(members)) as pool:
            list(pool.map(lambda host: shout(fleet, host, broadcast), members))
        for host in members:
            marks = due(host, MARKER, 1)
            wait(lambda h=host, m=marks: not m - ears.heard(h), f"{host} hears every marker")  # type: ignore[misc]
        heard = {host: ears.heard(host) for host in members}
    assert heard == {host: due(host, SIZE, BROADCASTS) + due(host, MARKER, 1) for host in members}
    names = {address: host for host, address in fleet.underlay.items()}
    copies = Counter(
        (names[packet.source], names[packet.destination])
        for packet in capture.packets
        if (inner_ipv4(packet) or ("", ""))[1] == broadcast
        and inner_length(packet) == SIZE + HEADERS
    )
    assert copies == {(a, b): BROADCASTS for a in members for b in members if a != b}


def assert_unicast_is_learned(fleet: Fleet, folder: Path) -> None:
    """Once a peer has been heard, what is sent to it goes to it alone."""
    first, *others = fleet.hosts
    if fleet.backend == "ovsdb":
        fleet.sh(first, f"ovs-appctl fdb/flush {fleet.device}")
    for peer in others:
        assert fleet.pings(first, fleet.overlay[peer], 100)  # teaches
    mine = fleet.overlay[first]
    there = {((mine, fleet.overlay[peer]), first, peer) for peer in others}
    back = {((fleet.overlay[peer], mine), peer, first) for peer in others}
    # ovs-vswitchd revises the flows that it has in the kernel a moment after it has learned.
    wait(lambda: _ways(fleet, folder) == there | back, "unicast goes to its peer alone")


def _ways(fleet: Fleet, folder: Path) -> set[tuple[Any, str, str]]:
    """Inner addresses, outer sender and outer receiver of pings from the first host to all."""
    first, *others = fleet.hosts
    with Capture(fleet.lab, folder) as capture:
        for peer in others:
            assert fleet.pings(first, fleet.overlay[peer], 300)
    names = {address: host for host, address in fleet.underlay.items()}
    return {
        (inner_ipv4(packet), names[packet.source], names[packet.destination])
        for packet in capture.packets
        if packet.inner[12:14] == b"\x08\x00" and inner_length(packet) == 300
    }
