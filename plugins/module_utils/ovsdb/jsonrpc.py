# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON-RPC 1.0 as ovsdb-server and ovs-vswitchd speak it (RFC 7047, section 4).

Messages follow each other on a stream without any length or delimiter. ``Framer`` finds their
ends in one linear pass, whatever the pieces that arrive. Every operation has a deadline, because
a daemon that is stopped keeps its sockets open and says nothing.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from ..core.errors import ApplyError
from .remote import Remote

# Far above what 100,000 tunnels need; stops a peer that never closes its object.
MAX_MESSAGE = 1 << 30
_CHUNK = 1 << 18
# Whole strings and everything else up to the next brace, or to a string that is not complete.
_SKIP = re.compile(rb'[^{}"]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^{}"]*)*', re.DOTALL)
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")


class ProtocolError(ApplyError):
    """The peer closed the connection, or sent what is no JSON-RPC."""


class DeadlinePassed(ApplyError):
    """The peer did not answer in time."""


class RemoteError(ApplyError):
    """The peer answered with an error; ``answer`` is its error object."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        super().__init__(f"the request was refused: {error_text(answer)}")


_CLOSED = "see whether the daemon was restarted or has crashed, then run again"
# A peer that ends a connection without a word: what the two sides may not agree about.
_UNANSWERED = {
    "tcp": "write ssl: if ovsdb-server listens there with pssl:, or see whether it has crashed",
    "ssl": "give a database_certificate that is signed by the CA which ovsdb-server trusts "
    "(ovs-vsctl get-ssl on that host), or see whether it has crashed",
}
_LATE = "see whether the daemon is stopped or overloaded; raise wait_timeout for very large sets"


class Deadline:
    """A point in time, ``seconds`` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self, peer: str) -> float:
        """Seconds left, more than 0; raises DeadlinePassed when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise DeadlinePassed(f"{peer} did not answer within {self.seconds:g} s", remedy=_LATE)
        return left


class Framer:
    """Cuts a byte stream into JSON objects."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._position = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take ``data`` in and yield the objects that are complete now.

        :raises ProtocolError: not JSON objects, or one larger than the limit (bytes).
        """
        self._buffer += data
        while self._advance():
            end = self._position
            try:
                yield json.loads(self._buffer[:end])
            except (ValueError, RecursionError) as error:
                raise ProtocolError(f"the peer sent invalid JSON: {error}") from error
            del self._buffer[:end]
            self._position = 0
        if len(self._buffer) > self._limit:
            raise ProtocolError(f"the peer sent a message of more than {self._limit} bytes")

    @property
    def pending(self) -> bool:
        """Part of a message has arrived."""
        return bool(self._buffer)

    def _advance(self) -> bool:
        """Move on to the end of the first object; False when it is not all there."""
        buffer = self._buffer
        if not self._depth:
            match = _SPACE.match(buffer)
            del buffer[: match.end() if match else 0]
            if buffer and buffer[0] != 0x7B:
                raise ProtocolError(f"the peer sent no JSON object: {bytes(buffer[:40])!r}")
        while self._position < len(buffer):
            pattern = _IN_STRING if self._in_string else _SKIP
            match = pattern.match(buffer, self._position)
            self._position = match.end() if match else self._position
            if self._position == len(buffer):
                return False
            char = buffer[self._position]
            if char == 0x5C:  # a backslash whose second half is still to come
                return False
            self._position += 1
            if char == 0x22:
                self._in_string = not self._in_string
            else:
                self._depth += 1 if char == 0x7B else -1
                if not self._depth:
                    return True
        return False


class Connection:
    """One connection: calls in order, notifications kept, echo requests answered."""

    def __init__(self, remote: Remote, deadline: Deadline) -> None:
        self.remote = remote
        self._socket = remote.connect(deadline.remaining(str(remote)))
        self._framer = Framer()
        self._inbox: deque[Any] = deque()
        self._notifications: deque[tuple[str, Any]] = deque()
        self._last_id = 0
        self._answered = False

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def call(self, method: str, params: Sequence[Any], deadline: Deadline) -> Any:
        """Send a request and wait for its result.

        :raises RemoteError: the peer refused it.
        :raises DeadlinePassed: no answer; whether the request took effect is unknown.
        """
        self._last_id += 1
        request = {"method": method, "params": list(params), "id": self._last_id}
        self._send(request, deadline)
        while True:
            message = self._receive(deadline)
            if "method" in message:
                self._notifications.append((message["method"], message.get("params")))
            elif message.get("id") == self._last_id:
                if message.get("error") is not None:
                    raise RemoteError(message["error"])
                return message.get("result")

    def notification(self, deadline: Deadline) -> tuple[str, Any]:
        """The next notification, as (method, params)."""
        while not self._notifications:
            message = self._receive(deadline)
            if "method" in message:
                self._notifications.append((message["method"], message.get("params")))
        return self._notifications.popleft()

    def _send(self, message: dict[str, Any], deadline: Deadline) -> None:
        data = json.dumps(message, separators=(",", ":")).encode()
        self._socket.settimeout(deadline.remaining(str(self.remote)))
        try:
            self._socket.sendall(data)
        except socket.timeout as error:
            raise self._late(deadline) from error
        except OSError as error:
            raise self._closed(f": {error}") from error

    def _receive(self, deadline: Deadline) -> dict[str, Any]:
        """The next message that is not an echo request."""
        while True:
            while self._inbox:
                message = self._inbox.popleft()
                if message.get("method") != "echo":
                    return dict(message)
                answer = {"id": message.get("id"), "result": message.get("params"), "error": None}
                self._send(answer, deadline)
            self._inbox.extend(self._framer.feed(self._read(deadline)))

    def _read(self, deadline: Deadline) -> bytes:
        self._socket.settimeout(deadline.remaining(str(self.remote)))
        try:
            data = self._socket.recv(_CHUNK)
        except socket.timeout as error:
            raise self._late(deadline) from error
        except OSError as error:
            raise self._closed(f": {error}") from error
        if not data:
            where = " in the middle of a message" if self._framer.pending else ""
            raise self._closed(where)
        self._answered = True
        return data

    def _late(self, deadline: Deadline) -> DeadlinePassed:
        text = f"{self.remote} did not answer within {deadline.seconds:g} s"
        return DeadlinePassed(text, remedy=_LATE)

    def _closed(self, how: str) -> ProtocolError:
        remedy = _CLOSED if self._answered else _UNANSWERED.get(self.remote.scheme, _CLOSED)
        when = "" if self._answered else " before its first answer"
        return ProtocolError(f"{self.remote} closed the connection{when}{how}", remedy=remedy)


def error_text(answer: Any) -> str:
    """An error object of RFC 7047 as text: ``constraint violation: details``."""
    if isinstance(answer, dict):
        parts = [answer.get("error"), answer.get("details")]
        return ": ".join(str(part) for part in parts if part)
    return str(answer).strip()
