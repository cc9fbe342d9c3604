# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a run works: its network namespace, its lock and its privileges."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import socket
import struct
import time
from pathlib import Path

from ..core.errors import EnvironmentProblem, InputError

CLONE_NEWNET = 0x40000000
CAP_NET_ADMIN = 12
# An abstract socket name belongs to one network namespace and vanishes with its process.
LOCK_NAME = b"\0tunnelmesh.ovs"
LOCK_DEADLINE = 120.0


def enter_netns(name: str | None) -> None:
    """Move this process into a named network namespace (``ip netns``); None: stay.

    :raises InputError: there is no such namespace, or its name is a path.
    :raises EnvironmentProblem: it may not be entered (CAP_SYS_ADMIN).
    """
    if name is None:
        return
    if "/" in name or name in ("", ".", ".."):
        raise InputError(
            f"netns {name!r} is not a name", remedy="give the name that 'ip netns' shows"
        )
    path = Path("/run/netns", name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputError(
            f"network namespace {name!r} does not exist",
            remedy=f"create it first: ip netns add {name}",
        ) from None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise EnvironmentProblem(
                f"cannot enter network namespace {name!r}: {os.strerror(ctypes.get_errno())}",
                remedy="run as root, or with CAP_SYS_ADMIN",
            )
    finally:
        os.close(descriptor)


def may_administer() -> bool:
    """This process has CAP_NET_ADMIN, which every netlink write needs."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").split("\n"):
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> CAP_NET_ADMIN & 1)
    return False


def check_writer(check_mode: bool) -> list[str]:
    """Raise EnvironmentProblem where a write could not be carried out; return warnings.

    A missing library only warns in check mode: an earlier task of the run may install it.
    """
    if not may_administer():
        raise EnvironmentProblem(
            "changing network devices needs the capability CAP_NET_ADMIN",
            culprit=f"this task runs as uid {os.geteuid()} without it",
            remedy="set 'become: true'",
        )
    if importlib.util.find_spec("pyroute2") is not None:
        return []
    missing = EnvironmentProblem(
        "the Python library pyroute2 is missing on this host",
        remedy="install python3-pyroute2 (Debian, Ubuntu, Fedora), or pyroute2 >= 0.7.2 by pip "
        "for the interpreter that ansible_python_interpreter names",
    )
    if check_mode:
        return [missing.message]
    raise missing


class Lock:
    """One writer per network namespace; released when the process ends, however it ends."""

    def __init__(self, deadline: float = LOCK_DEADLINE) -> None:
        self._deadline = deadline
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> Lock:
        end = time.monotonic() + self._deadline
        while True:
            try:
                self._socket.bind(LOCK_NAME)
                self._socket.listen(1)
                return self
            except OSError:
                if time.monotonic() > end:
                    raise EnvironmentProblem(
                        "another run holds the lock of this network namespace for more than "
                        f"{self._deadline:.0f} s",
                        culprit=self._holder(),
                        remedy="wait for it, or end it",
                    ) from None
            time.sleep(0.02)

    def __exit__(self, *_exc: object) -> None:
        self._socket.close()

    @staticmethod
    def held() -> bool:
        """Somebody holds it at this moment."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(LOCK_NAME)
            except BlockingIOError:
                return True  # others wait for it, too
            except OSError:
                return False
        return True

    @staticmethod
    def _holder() -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(LOCK_NAME)
                peer = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            except OSError:
                return "a process that is just ending"
        pid = struct.unpack("=iII", peer)[0]
        try:
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return f"process {pid}"
        return f"process {name} (pid {pid})"
