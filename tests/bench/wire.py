"""Sends and counts packets on a guest. A program of its own, standard library only.

wire.py listen DEVICE         prints "ready", then how many marked frames came in within SETTLE
                              seconds of the first; 0 when none comes within PATIENCE
wire.py broadcast DEVICE      sends one marked broadcast frame
wire.py echo ADDRESS          prints "ready" and answers UDP datagrams until its input closes
wire.py stream ADDRESS        prints "ready", sends a datagram every INTERVAL seconds until its
                              input closes, waits for the last answers, prints sent and answered
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time

# Local experimental ethertype 1, IEEE 802.
ETHERTYPE = 0x88B5
PORT = 7007
SETTLE, PATIENCE, INTERVAL, GRACE = 5.0, 60.0, 0.005, 3.0


def listen(device: str) -> None:
    """Count incoming frames of the ethertype."""
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE))
    found.bind((device, ETHERTYPE))
    print("ready", flush=True)
    count, end = 0, time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0:
        if select.select([found], [], [], left)[0]:
            found.recv(2048)
            if not count:
                end = time.monotonic() + SETTLE
            count += 1
    print(count)


def broadcast(device: str) -> None:
    """One frame to everybody."""
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((device, 0))
    mac = sender.getsockname()[4]
    sender.send(b"\xff" * 6 + mac + struct.pack(">H", ETHERTYPE) + b"tunnelmesh.ovs".ljust(46))


def echo(address: str) -> None:
    """Answer what comes in."""
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind((address, PORT))
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([found, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        data, sender = found.recvfrom(64)
        found.sendto(data, sender)


def stream(address: str) -> None:
    """Send numbers, collect them again."""
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.connect((address, PORT))
    found.setblocking(False)
    print("ready", flush=True)
    sent, answered = 0, set()
    end = float("inf")
    while time.monotonic() < end:
        watched = [found] if end < float("inf") else [found, sys.stdin]
        ready, _, _ = select.select(watched, [], [], INTERVAL)
        if found in ready:
            answered.add(found.recv(64))
            continue
        if sys.stdin in ready:
            end = time.monotonic() + GRACE
        elif end == float("inf"):
            found.send(str(sent).encode())
            sent += 1
        if len(answered) == sent and end < float("inf"):
            break
    print(sent, len(answered))


if __name__ == "__main__":
    {"listen": listen, "broadcast": broadcast, "echo": echo, "stream": stream}[sys.argv[1]](
        sys.argv[2]
    )
