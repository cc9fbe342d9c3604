# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pings to many peers at once over one raw socket per device, with don't-fragment set.

No process per peer: a mesh of a thousand hosts is probed by one task per host in seconds.
Private to this collection.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .icmp import echo_reply, echo_request, open_socket

_SMALL = 84  # bytes of a probe that fits everywhere
_RESEND = 0.5  # seconds between two rounds, doubled up to _RESEND_MAX
_RESEND_MAX = 2.0
_LINGER = 1.0  # seconds that peers which need not answer, and oversized probes, get

FULL, OVERSIZE, SMALL = "full", "oversize", "small"


@dataclass
class Target:
    """One address of one peer, and what is found out about it.

    :ivar mtu: bytes of the largest IP packet that must pass; one byte more must not.
    :ivar required: False where the peer may be silent (it is not part of this run).
    :ivar seen: kind of probe -> seconds that its answer took.
    :ivar refused: kind of probe -> errno with which this host refused to send it.
    :ivar attempts: how often the full-size probe was sent.
    :ivar oversized: whether the oversized one was.
    """

    segment: str
    device: str
    mtu: int
    host: str
    address: str
    required: bool = True
    seen: dict[str, float] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    oversized: bool = False

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version

    @property
    def verdict(self) -> str:
        """``ok``, or what is wrong in words."""
        if OVERSIZE in self.seen:
            return f"a packet of {self.mtu + 1} bytes passes although the MTU is {self.mtu}"
        if FULL in self.seen:
            return "ok"
        if FULL in self.refused and self.refused[FULL] == errno.EMSGSIZE:
            return f"a packet of {self.mtu} bytes does not fit the MTU of {self.device}"
        if FULL in self.refused:
            return f"cannot be sent: {os.strerror(self.refused[FULL])}"
        if SMALL in self.seen:
            return f"small packets pass, those of {self.mtu} bytes do not: the underlay drops them"
        return "no answer"


class Probe:
    """Sends to all targets in rounds until all that must have answered, or time is up."""

    def __init__(self, targets: Sequence[Target], oversize: bool = True) -> None:
        self._targets = targets
        self._oversize = oversize
        self._ident = os.getpid() & 0xFFFF
        self._token = os.urandom(8)
        self._sockets: dict[tuple[int, str], socket.socket] = {}
        self._sent: dict[tuple[int, str], float] = {}

    def run(self, timeout: float) -> None:
        """Fill in the targets. Takes at most ``timeout`` seconds, and 1 s for the oversized.

        :raises EnvironmentProblem: a socket cannot be opened.
        """
        try:
            for target in self._targets:
                key = (target.version, target.device)
                if key not in self._sockets:
                    self._sockets[key] = open_socket(*key)
            self._rounds(time.monotonic() + timeout)
            if self._oversize:
                self._send([i for i, t in enumerate(self._targets) if FULL in t.seen], OVERSIZE)
                self._listen(time.monotonic() + _LINGER, self._oversize_settled)
        finally:
            for sock in self._sockets.values():
                sock.close()

    def _rounds(self, deadline: float) -> None:
        pause, kinds = _RESEND, [FULL]
        linger = min(deadline, time.monotonic() + _LINGER)
        while not self._settled(linger) and time.monotonic() < deadline:
            silent = [i for i, target in enumerate(self._targets) if FULL not in target.seen]
            for kind in kinds:
                self._send(silent, kind)
            until = min(deadline, time.monotonic() + pause)
            self._listen(until, lambda: self._settled(linger))
            pause, kinds = min(pause * 2, _RESEND_MAX), [FULL, SMALL]

    def _settled(self, linger: float) -> bool:
        """All that must answer have; the others had their time."""
        silent = [target for target in self._targets if FULL not in target.seen]
        if any(target.required for target in silent):
            return False
        return not silent or time.monotonic() >= linger

    def _oversize_settled(self) -> bool:
        return all(
            OVERSIZE in target.refused or OVERSIZE in target.seen
            for target in self._targets
            if FULL in target.seen
        )

    def _send(self, indices: Iterable[int], kind: str) -> None:
        for index in indices:
            target = self._targets[index]
            size = {FULL: target.mtu, OVERSIZE: target.mtu + 1, SMALL: _SMALL}[kind]
            label = self._token + struct.pack("!sI", kind[:1].encode(), index)
            target.attempts += kind == FULL
            target.oversized |= kind == OVERSIZE
            packet = echo_request(
                target.version, self._ident, target.attempts & 0xFFFF, label, size
            )
            try:
                self._sockets[target.version, target.device].sendto(packet, (target.address, 0))
            except BlockingIOError:
                continue  # the queue is full: the next round sends it
            except OSError as error:
                target.refused[kind] = error.errno or 0
                continue
            target.refused.pop(kind, None)
            self._sent[index, kind] = time.monotonic()

    def _listen(self, until: float, done: Callable[[], bool]) -> None:
        while not done():
            left = until - time.monotonic()
            if left <= 0:
                return
            sockets = list(self._sockets.values())
            for sock in select.select(sockets, (), (), min(left, 0.1))[0]:
                self._receive(sock)

    def _receive(self, sock: socket.socket) -> None:
        version = 4 if sock.family == socket.AF_INET else 6
        with contextlib.suppress(OSError):  # empty, or the device went down meanwhile
            while True:
                label = echo_reply(version, self._ident, sock.recv(65536))
                if label and label[:8] == self._token:
                    self._note(*struct.unpack("!sI", label[8:]))

    def _note(self, letter: bytes, index: int) -> None:
        kind = next(kind for kind in (FULL, OVERSIZE, SMALL) if kind[:1].encode() == letter)
        seen = self._targets[index].seen
        seen.setdefault(kind, time.monotonic() - self._sent[index, kind])
