# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs tell those who follow the host what they have changed, so that it is not taken for drift.

By datagrams to abstract Unix sockets, which belong to one network namespace, as the lock does. A
run sends before it lets go of the lock; so whoever looks while nobody holds it has been told.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
from collections.abc import Iterable, Iterator

from ..core.errors import EnvironmentProblem

# Each follower has one of these names.
_NAMES = tuple(f"\0tunnelmesh.ovs.follower{number}".encode() for number in range(4))
_LARGEST = 1 << 16
_CREDENTIALS = struct.Struct("=iII")  # struct ucred: pid, uid, gid


def tell(names: Iterable[str] | None) -> None:
    """Tell all followers that a run has changed these ports; None: nobody knows which."""
    data = json.dumps(None if names is None else sorted(set(names))).encode()
    if len(data) > _LARGEST:
        data = b"null"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for name in _NAMES:
            with contextlib.suppress(OSError):  # nobody follows, or it does not listen for a while
                sender.sendto(data, name)


class Told:
    """What runs have told since it was asked last.

    :raises EnvironmentProblem: there are too many followers already.
    """

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.setblocking(False)
        # Anybody may send to such a name; only who may change something is believed.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        if not any(self._bind(name) for name in _NAMES):
            self.socket.close()
            raise EnvironmentProblem(
                f"{len(_NAMES)} event sources follow this host already", remedy="end one of them"
            )

    def _bind(self, name: bytes) -> bool:
        try:
            self.socket.bind(name)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def waiting(self) -> bool:
        """Runs have told something that was not taken yet."""
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        return True

    def take(self) -> frozenset[str] | None:
        """Names of the ports that runs have changed; None: they may have changed any."""
        names: set[str] = set()
        everything = False
        for data in self._received():
            found = json.loads(data)
            everything |= found is None
            names.update(found or ())
        return None if everything else frozenset(names)

    def _received(self) -> Iterator[bytes]:
        """Datagrams of root, or of the user of this process."""
        while True:
            try:
                data, ancillary, _flags, _address = self.socket.recvmsg(
                    _LARGEST + 1, socket.CMSG_SPACE(_CREDENTIALS.size)
                )
            except BlockingIOError:
                return
            uids = [_CREDENTIALS.unpack(value)[1] for _level, _kind, value in ancillary]
            if uids and uids[0] in (0, os.geteuid()):
                yield data
