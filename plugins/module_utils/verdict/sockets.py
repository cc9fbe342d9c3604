# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds which UDP port of this network namespace, from /proc; needs no privilege.

Without privilege the processes of other users stay nameless.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from .model import UNSEEN, Socket


def bound() -> tuple[Socket, ...]:
    """Every bound UDP socket, with the process that holds it."""
    found = [(socket, inode) for family in (4, 6) for socket, inode in _table(family)]
    holders = _holders({inode for _socket, inode in found})
    # Sockets of the kernel, such as those of VXLAN devices, have an inode and no process.
    nobody = None if os.geteuid() == 0 else UNSEEN
    return tuple(replace(socket, holder=holders.get(inode, nobody)) for socket, inode in found)


def _table(family: int) -> Iterator[tuple[Socket, str]]:
    """Lines of /proc/net/udp: ``sl local_address rem_address st ... uid timeout inode``."""
    try:
        text = Path("/proc/self/net", "udp" if family == 4 else "udp6").read_text(encoding="ascii")
    except OSError:
        return  # no IPv6
    for line in text.split("\n")[1:]:
        words = line.split()
        if len(words) > 9:
            address, _colon, port = words[1].rpartition(":")
            yield Socket(family, int(port, 16), _address(address)), words[9]


def _address(text: str) -> str:
    """An address as the kernel prints it: 32-bit words in the host's order."""
    raw = bytes.fromhex(text)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return str(ipaddress.ip_address(raw))


def _holders(inodes: set[str]) -> dict[str, str]:
    """Socket inode -> ``process NAME (pid N)``, for those that may be seen."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, str] = {}
    if not wanted:
        return found
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            names = [str(entry.readlink()) for entry in (process / "fd").iterdir()]
            held = [wanted[name] for name in names if name in wanted]
            if held:
                comm = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.update(dict.fromkeys(held, f"process {comm} (pid {process.name})"))
        except OSError:
            continue  # ended, or not ours to see
    return found
