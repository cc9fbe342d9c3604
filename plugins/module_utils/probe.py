# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pings to many peers at once over one raw socket per device, with don't-fragment set.

No process per peer: a mesh of a thousand hosts is probed by one task per host in seconds.
Private to this collection.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from .icmp import echo_reply, echo_request, open_socket
from .probe_target import FULL, OVERSIZE, SMALL, TRIAL, Target

__all__ = ["FULL", "OVERSIZE", "SMALL", "Probe", "Target"]

SMALLEST = 84  # bytes of a probe that fits everywhere
_RESEND = 0.5  # seconds between two rounds, doubled up to _RESEND_MAX
_RESEND_MAX = 2.0
_LINGER = 1.0  # seconds that peers which need not answer, and last probes, get
_SPACING = 0.2  # seconds between two rounds that measure loss
_TRIES = 2  # how often a size is tried before it counts as too large


@dataclass(frozen=True)
class Sent:
    """A probe under way."""

    kind: str
    size: int
    at: float


class Probe:
    """Sends to all targets in rounds until all that must have answered, or time is up.

    :param oversize: also send one byte more than the MTU.
    :param count: full-size probes to every target that answers at all, to measure loss and times.
    :param search: find the largest packet that passes where those of full size do not.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        oversize: bool = True,
        count: int = 1,
        search: bool = False,
    ) -> None:
        self._targets = targets
        self._oversize, self._count, self._search = oversize, count, search
        self._ident = os.getpid() & 0xFFFF
        self._token = os.urandom(8)
        self._sockets: dict[tuple[int, str], socket.socket] = {}
        self._sent: dict[tuple[int, int], Sent] = {}
        self._serial = 0

    def run(self, timeout: float) -> None:
        """Fill in the targets.

        Takes at most ``timeout`` seconds, 1 s for the oversized, ``count`` fifths of a second and
        1 s for measuring, and about 10 s for a search.

        :raises EnvironmentProblem: a socket cannot be opened.
        """
        try:
            for target in self._targets:
                key = (target.version, target.device)
                if key not in self._sockets:
                    self._sockets[key] = open_socket(*key)
            self._rounds(time.monotonic() + timeout)
            self._measure()
            if self._oversize:
                self._send([i for i, t in enumerate(self._targets) if FULL in t.seen], OVERSIZE)
                self._listen(time.monotonic() + _LINGER, self._oversize_settled)
            if self._search:
                self._search_sizes()
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

    def _measure(self) -> None:
        """Send the rest of ``count`` full-size probes to all that answer."""
        reached = [i for i, target in enumerate(self._targets) if FULL in target.seen]
        for left in range(self._count - 2, -1, -1):
            self._send(reached, FULL)
            pause = _SPACING if left else _LINGER
            self._listen(
                time.monotonic() + pause,
                lambda: all(not self._targets[index].loss for index in reached),
            )

    def _oversize_settled(self) -> bool:
        return all(
            OVERSIZE in target.refused or OVERSIZE in target.seen
            for target in self._targets
            if FULL in target.seen
        )

    def _search_sizes(self) -> None:
        """Halve the distance between what passes and what does not, for all targets at once."""
        for target in self._targets:
            if SMALL in target.seen and FULL not in target.seen:
                target.failed = target.mtu
        while True:
            sizes = {i: t.next_trial() for i, t in enumerate(self._targets)}
            trials = {index: size for index, size in sizes.items() if size}
            if not trials:
                return
            for index in trials:
                self._targets[index].refused.pop(TRIAL, None)
            for _try in range(_TRIES):
                open_ = [index for index in trials if self._undecided(index, trials[index])]
                self._send(open_, TRIAL, trials)
                self._listen(
                    time.monotonic() + _RESEND,
                    lambda open_=open_, trials=trials: (
                        not any(  # type: ignore[misc]
                            self._undecided(index, trials[index]) for index in open_
                        )
                    ),
                )
            for index, size in trials.items():
                if (self._targets[index].passed or 0) < size:
                    self._targets[index].failed = size

    def _undecided(self, index: int, size: int) -> bool:
        target = self._targets[index]
        return (target.passed or 0) < size and TRIAL not in target.refused

    def _send(
        self, indices: Iterable[int], kind: str, sizes: Optional[Mapping[int, int]] = None
    ) -> None:
        for index in indices:
            target = self._targets[index]
            usual = {FULL: target.mtu, OVERSIZE: target.mtu + 1, SMALL: SMALLEST}
            size = sizes[index] if sizes else usual[kind]
            self._serial = (self._serial + 1) & 0xFFFF
            label = self._token + struct.pack("!IH", index, self._serial)
            target.attempts += kind == FULL
            target.oversized |= kind == OVERSIZE
            packet = echo_request(target.version, self._ident, self._serial, label, size)
            self._sent[index, self._serial] = Sent(kind, size, time.monotonic())
            try:
                self._sockets[target.version, target.device].sendto(packet, (target.address, 0))
            except BlockingIOError:
                target.attempts -= kind == FULL
                continue  # the queue is full: the next round sends it
            except OSError as error:
                target.refused[kind] = error.errno or 0
                continue
            target.refused.pop(kind, None)

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
                    self._note(*struct.unpack("!IH", label[8:]))

    def _note(self, index: int, serial: int) -> None:
        sent = self._sent.pop((index, serial), None)  # one answer each: duplicates do not count
        if sent is not None:
            self._targets[index].answered(sent.kind, sent.size, time.monotonic() - sent.at)
