# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has before anything is done to it. Reads files and netlink, starts no program.

Private to this collection.
"""

from __future__ import annotations

import fcntl
import importlib
import ipaddress
import os
import shutil
import socket
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

from .core.validate import IPAddress
from .kernel import decode
from .kernel.transport import NETLINK_ROUTE, Netlink

RTM_GETADDR = 22
SIOCGIFMTU = 0x8921  # include/uapi/linux/sockios.h
# Where daemons are. A user's PATH often lacks the last two.
FOLDERS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
DPKG_STATUS = Path("/var/lib/dpkg/status")
# Addresses that are shown where the one that is looked for is not there.
SHOWN = 20


def programs(names: Sequence[str], proc: Path = Path("/proc")) -> dict[str, str]:
    """Program -> ``running``, ``stopped`` (installed) or ``absent``."""
    alive = set(_running(proc))
    return {
        name: "running"
        if name in alive
        else ("stopped" if shutil.which(name, path=FOLDERS) else "absent")
        for name in names
    }


def _running(proc: Path) -> Iterator[str]:
    """Names of all processes, the first 15 characters of each."""
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                yield (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
            except OSError:  # it has ended
                continue


def missing_kernel_modules(names: Iterable[str], folder: Path = Path("/sys/module")) -> list[str]:
    """Those that are not loaded. One without parameters that is built in counts as missing."""
    return [name for name in names if not (folder / name.replace("-", "_")).exists()]


def missing_packages(
    dpkg: Sequence[str], rpm: Sequence[str], status: Path = DPKG_STATUS
) -> list[str]:
    """Packages that are not installed: of the first list where dpkg is used, else of the second.

    The database of rpm is read by its own Python binding. A Python without that binding cannot
    tell, and all count as missing.
    """
    try:
        text = status.read_bytes()
    except FileNotFoundError:
        found = _rpm_installed(rpm)
        return [name for name in rpm if name not in found]
    found = _dpkg_installed(text, dpkg)
    return [name for name in dpkg if name not in found]


def _dpkg_installed(text: bytes, names: Collection[str]) -> set[str]:
    """Those that a status file of dpkg, see dpkg-query(1), calls installed."""
    found = set()
    for paragraph in text.split(b"\n\n"):
        first, _newline, rest = paragraph.lstrip(b"\n").partition(b"\n")
        name = first.partition(b": ")[2].decode("utf-8", "replace")
        if name not in names:
            continue
        states = [line for line in rest.split(b"\n") if line.startswith(b"Status: ")]
        if states and states[0].split()[-1] == b"installed":
            found.add(name)
    return found


def _rpm_installed(names: Sequence[str]) -> set[str]:
    try:
        rpm: Any = importlib.import_module("rpm")
    except ImportError:
        return set()
    database = rpm.TransactionSet()
    return {name for name in names if any(True for _package in database.dbMatch("name", name))}


def underlay(address: str) -> list[dict[str, Any]]:
    """Where the host has an address: a device each. Where it has it nowhere, what else it has.

    :raises ApplyError: the kernel does not tell its addresses.
    """
    netlink = Netlink(NETLINK_ROUTE)
    try:
        answers = netlink.dump(RTM_GETADDR, struct.pack("=BBBBI", 0, 0, 0, 0, 0))
    finally:
        netlink.close()
    every = [entry[:2] for entry in map(decode.address, answers) if entry is not None]
    return located(meant([(index, text.partition("/")[0]) for index, text in every], address))


def meant(every: Sequence[tuple[int, str]], address: str) -> Sequence[tuple[int, str]]:
    """The entries of (ifindex, address) that are the address, or could have been meant; pure."""
    plain = _plain(address)
    same = [(index, text) for index, text in every if _plain(text) == plain]
    return same or [(index, text) for index, text in every if _usable(_plain(text))][:SHOWN]


def located(entries: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """The same with the names and MTUs of their devices, those that are still there."""
    return [
        {"address": text, "device": name, "mtu": mtu}
        for index, text in entries
        for name, mtu in [_device(index)]
        if name
    ]


def _plain(text: str) -> Optional[IPAddress]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _usable(address: Optional[IPAddress]) -> bool:
    return address is not None and not (address.is_loopback or address.is_link_local)


def _device(ifindex: int) -> tuple[Optional[str], int]:
    """Name and MTU of a device; no name where it has gone since.

    Not out of /sys/class/net: that shows the network namespace in which it was mounted.
    """
    try:
        name = socket.if_indextoname(ifindex)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            answer = fcntl.ioctl(asked, SIOCGIFMTU, struct.pack("16s16x", os.fsencode(name)))
    except OSError:
        return None, 0
    mtu: int = struct.unpack_from("=i", answer, 16)[0]
    return name, mtu
