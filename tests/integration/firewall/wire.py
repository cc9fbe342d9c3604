"""Two hosts as network namespaces and a wire between them. The lab's kernels have no nf_tables for
IP, so this machine's kernel takes their place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VTEP4, VTEP6 = "192.0.2.11", "2001:db8::11"
MEMBERS = ("192.0.2.12", "2001:db8::12")
STRANGERS = ("192.0.2.99", "2001:db8::99")
DEADLINE = 60.0
# Marks the end of what is sent; no rule looks at this port.
END = 5000

LISTEN = """
import select, socket, sys
ports = [int(word) for word in sys.argv[1:]]
sockets = []
for family, anywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    for port in ports:
        found = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind((anywhere, port))
        sockets.append(found)
print("ready", flush=True)
heard, ended = [], False
while True:
    readable = select.select(sockets, [], [], 0 if ended else 50)[0]
    if not readable:  # what was sent before the end is here when the end is
        break
    for found in readable:
        data, sender = found.recvfrom(100)
        ended = ended or data == b"end"
        if data != b"end":
            heard.append(sender[0])
print(*heard)
"""
SEND = """
import socket, sys
port, to4, to6, *sources = sys.argv[1:]
for source in sources:
    family, to = (socket.AF_INET6, to6) if ":" in source else (socket.AF_INET, to4)
    sender = socket.socket(family, socket.SOCK_DGRAM)
    sender.bind((source, 0))
    sender.sendto(b"frame", (to, int(port)))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"end", (to4, 5000))
"""


def run(*words: str | Path) -> str:
    """A command of this machine that works."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, timeout=DEADLINE
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def need_nft() -> None:
    """Install nftables where it is missing, as the lab does with what it needs."""
    if not shutil.which("nft"):
        quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        run(*quiet, "update")
        run(*quiet, "-o", "DPkg::Lock::Timeout=50", "install", "--yes", "nftables")


class Wire:
    """The namespaces ``vtep`` and ``others``; make one, and remove it in the end."""

    def __init__(self) -> None:
        self.vtep, self.others = (f"tmfw{os.getpid()}{side}" for side in "ab")
        for name in (self.vtep, self.others):
            run("ip", "netns", "add", name)
        ends = ["netns", self.vtep, "name", "w0", "type", "veth", "peer", "netns", self.others]
        run("ip", "link", "add", *ends, "name", "w0")
        for name, addresses in (
            (self.vtep, (VTEP4, VTEP6)),
            (self.others, (*MEMBERS, *STRANGERS)),
        ):
            for address in addresses:
                tail = ["/64", "nodad"] if ":" in address else ["/24"]
                run("ip", "-n", name, "address", "add", address + tail[0], "dev", "w0", *tail[1:])
            run("ip", "-n", name, "link", "set", "dev", "w0", "up")

    def remove(self) -> None:
        """Remove both namespaces and all that is in them."""
        for name in (self.vtep, self.others):
            run("ip", "netns", "delete", name)

    def nft(self, *words: str | Path) -> str:
        """nft on the VTEP."""
        return run("ip", "netns", "exec", self.vtep, "nft", *words)

    def dropped(self) -> int:
        """Packets that the rules of our table have counted, by nft."""
        rules: list[Any] = json.loads(self.nft("-j", "list", "table", "inet", "tunnelmesh"))[
            "nftables"
        ]
        parts = [part for entry in rules for part in entry.get("rule", {}).get("expr", ())]
        return sum(part["counter"]["packets"] for part in parts if "counter" in part)

    def heard(self, port: int, sources: Sequence[str]) -> set[str]:
        """From whom a packet to a UDP port of the VTEP arrives."""
        inside = ["ip", "netns", "exec"]
        listen = [*inside, self.vtep, sys.executable, "-c", LISTEN, str(port), str(END)]
        with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout is not None
            assert listener.stdout.readline() == "ready\n"
            send = [sys.executable, "-c", SEND, str(port), VTEP4, VTEP6, *sources]
            run(*inside, self.others, *send)
            output, _none = listener.communicate(timeout=DEADLINE)
        return set(output.split())
