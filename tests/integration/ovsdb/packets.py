"""What a capture of the underlay says, taken apart by hand (RFC 791, 8200, 768, 7348, 5880)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Packet:
    """The outer headers of one VXLAN packet, and the frame in it.

    ``policy`` is the group policy with gbp, and the number of the next protocol with gpe.
    """

    src: str
    dst: str
    ttl: int
    tos: int
    dont_fragment: bool
    dst_port: int
    checksum: int
    flags: int
    policy: int
    vni: int
    inner: bytes

    @property
    def vlan(self) -> int | None:
        """The VLAN of the frame, or None without a tag."""
        return (
            int.from_bytes(self.inner[14:16], "big") & 0xFFF
            if self.inner[12:14] == b"\x81\x00"
            else None
        )


@dataclass(frozen=True)
class Bfd:
    """A BFD control packet in a tunnel; intervals in milliseconds."""

    src_mac: str
    dst_mac: str
    src: str
    dst: str
    state: int
    diagnosis: int
    mult: int
    min_tx: int
    min_rx: int


def parse(pcap: bytes) -> Iterator[Packet]:
    """VXLAN packets of a pcap file."""
    offset = 24
    while offset + 16 <= len(pcap):
        (length,) = struct.unpack_from("<8xI4x", pcap, offset)
        frame = pcap[offset + 16 : offset + 16 + length]
        offset += 16 + length
        kind, packet = frame[12:14], frame[14:]
        if kind == b"\x08\x00" and packet[9] == 17:
            yield _packet(
                packet[12:16], packet[16:20], packet[8], packet[1], packet[6], packet[20:]
            )
        elif kind == b"\x86\xdd" and packet[6] == 17:
            tos = int.from_bytes(packet[:2], "big") >> 4 & 0xFF
            yield _packet(packet[8:24], packet[24:40], packet[7], tos, 0, packet[40:])


def _packet(src: bytes, dst: bytes, ttl: int, tos: int, fragment: int, udp: bytes) -> Packet:
    vxlan = udp[8:16]
    return Packet(
        src=str(ipaddress.ip_address(src)),
        dst=str(ipaddress.ip_address(dst)),
        ttl=ttl,
        tos=tos,
        dont_fragment=bool(fragment & 0x40),
        dst_port=int.from_bytes(udp[2:4], "big"),
        checksum=int.from_bytes(udp[6:8], "big"),
        flags=vxlan[0],
        policy=int.from_bytes(vxlan[2:4], "big"),
        vni=int.from_bytes(vxlan[4:7], "big"),
        inner=udp[16:],
    )


def bfd(packet: Packet) -> Bfd:
    """The BFD control packet in a VXLAN packet."""
    frame, ip, control = packet.inner, packet.inner[14:34], packet.inner[42:66]
    assert frame[12:14] == b"\x08\x00", frame.hex()
    assert int.from_bytes(frame[36:38], "big") == 3784, "UDP port of BFD"
    return Bfd(
        src_mac=frame[6:12].hex(":"),
        dst_mac=frame[:6].hex(":"),
        src=str(ipaddress.ip_address(ip[12:16])),
        dst=str(ipaddress.ip_address(ip[16:20])),
        state=control[1] >> 6,
        diagnosis=control[0] & 0x1F,
        mult=control[2],
        min_tx=int.from_bytes(control[12:16], "big") // 1000,
        min_rx=int.from_bytes(control[16:20], "big") // 1000,
    )
