"""Damaged packets, sent by the second host to the first one."""

from __future__ import annotations

from tests.integration.info.mesh import Mesh

_TARGET = ("198.18.0.11", 4789)

# An outer header that says "congestion experienced" around a packet that does not know of it:
# INET_ECN_decapsulate(), include/net/inet_ecn.h, has it dropped.
_CONGESTED = f"""
import socket, struct
vxlan = struct.pack("!II", 0x08000000, 604 << 8)
ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20, 1, 0, 64, 253, 0, 0x0A000001, 0x0A000002)
frame = b"\\xff" * 6 + b"\\x02\\0\\0\\0\\0\\x99" + b"\\x08\\0" + ip
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 3)
for _ in range(3):
    sender.sendto(vxlan + frame, {_TARGET!r})
"""
_BAD_CHECKSUM = f"""
import socket, struct
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
data = struct.pack("!II", 0x08000000, 604 << 8) + bytes(60)
header = struct.pack("!HHHH", 50000, {_TARGET[1]}, 8 + len(data), 0xBEEF)
for _ in range(3):
    sender.sendto(header + data, {_TARGET!r})
"""


def _send(mesh: Mesh, script: str) -> None:
    mesh.hosts[1].sh(f"python3 - <<'END'\n{script}\nEND")


def congested(mesh: Mesh) -> None:
    """Three packets that the tunnel drops as damaged."""
    _send(mesh, _CONGESTED)


def bad_checksum(mesh: Mesh) -> None:
    """Three packets with a wrong UDP checksum."""
    _send(mesh, _BAD_CHECKSUM)
