"""Damaged packets, sent by the second host to the first one."""

from __future__ import annotations

from tests.integration.info.mesh import V6, Mesh

# An outer header that says "congestion experienced" around a packet that does not know of it:
# INET_ECN_decapsulate(), include/net/inet_ecn.h, has it dropped. Then wrong UDP checksums.
_SCRIPT = f"""
import socket, struct
port = 4789
vxlan = struct.pack("!II", 0x08000000, 604 << 8)
ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20, 1, 0, 64, 253, 0, 0x0A000001, 0x0A000002)
frame = b"\\xff" * 6 + b"\\x02\\0\\0\\0\\0\\x99" + b"\\x08\\0" + ip
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 3)
for _ in range(3):
    sender.sendto(vxlan + frame, ("198.18.0.11", port))

data = vxlan + bytes(60)
header = struct.pack("!HHHH", 50000, port, 8 + len(data), 0xBEEF)
for family, address in ((socket.AF_INET, "198.18.0.11"), (socket.AF_INET6, "{V6}11")):
    sender = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP)
    for _ in range(3):
        sender.sendto(header + data, (address, 0))
"""


def damaged(mesh: Mesh) -> None:
    """Three packets that the tunnel drops as damaged, and three wrong checksums per family."""
    mesh.hosts[1].sh(f"python3 - <<'END'\n{_SCRIPT}\nEND")
