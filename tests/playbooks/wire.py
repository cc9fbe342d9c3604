"""VXLAN packets in a capture of the underlay, taken apart by hand (RFC 791, 8200, 768, 7348)."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Packet:
    """One VXLAN packet: outer addresses, UDP port, don't-fragment, VNI, and the inner frame."""

    source: str
    destination: str
    port: int
    dont_fragment: bool
    vni: int
    inner: bytes


def parse(pcap: bytes) -> list[Packet]:
    """All UDP packets of a capture, which may still be running, as VXLAN."""
    found, offset = [], 24
    while offset + 16 <= len(pcap):
        (length,) = struct.unpack_from("<8xI4x", pcap, offset)
        if offset + 16 + length > len(pcap):
            break  # tcpdump is writing it
        found.append(_packet(pcap[offset + 16 : offset + 16 + length]))
        offset += 16 + length
    return found


def _packet(frame: bytes) -> Packet:
    if frame[12:14] == b"\x08\x00":
        ip, udp = frame[14:34], frame[34:]
        addresses, fragment = (ip[12:16], ip[16:20]), bool(ip[6] & 0x40)
    else:
        assert frame[12:14] == b"\x86\xdd", frame[12:14].hex()
        ip, udp = frame[14:54], frame[54:]
        addresses, fragment = (ip[8:24], ip[24:40]), True
    return Packet(
        source=str(ipaddress.ip_address(addresses[0])),
        destination=str(ipaddress.ip_address(addresses[1])),
        port=int.from_bytes(udp[2:4], "big"),
        dont_fragment=fragment,
        vni=int.from_bytes(udp[12:15], "big"),
        inner=udp[16:],
    )


def inner_ipv4(packet: Packet) -> tuple[str, str] | None:
    """Source and destination of the inner IPv4 packet; None where it is something else."""
    frame = packet.inner
    if frame[12:14] != b"\x08\x00":
        return None
    return str(ipaddress.ip_address(frame[26:30])), str(ipaddress.ip_address(frame[30:34]))


def inner_length(packet: Packet) -> int:
    """Total length of the inner IPv4 packet in bytes."""
    return int.from_bytes(packet.inner[16:18], "big")
