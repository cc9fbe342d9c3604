# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Netlink sockets: whole dumps, and requests sent many at a time.

pyroute2 sends one request and waits for its answer; a set of 1000 ports would wait 4000 times.
Here a batch goes out in chunks and the acknowledgements are collected as they come.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Iterator, Sequence

from ..core.errors import ApplyError, EnvironmentProblem
from ..core.record import dataclass
from .decode import attributes

NETLINK_ROUTE = 0
NETLINK_GENERIC = 16
REQUEST, ACK, ECHO, DUMP = 0x1, 0x4, 0x8, 0x300
MESSAGE_ERROR, MESSAGE_DONE = 2, 3
FLAG_DUMP_INTERRUPTED = 0x10
FLAG_CAPPED, FLAG_ACK_TLVS = 0x100, 0x200
SOL_NETLINK, CAP_ACK, EXT_ACK = 270, 10, 11
GENL_ID_CTRL, CTRL_GETFAMILY = 16, 3
# Requests on the way at once: their answers must fit into the receive buffer.
CHUNK = 64
DEADLINE = 30.0


@dataclass(frozen=True)
class Request:
    """One request: netlink message type, flags besides REQUEST|ACK, and body.

    :param generic: it belongs to generic netlink, not to rtnetlink.
    """

    type: int
    body: bytes
    flags: int = 0
    generic: bool = False


@dataclass(frozen=True)
class Reply:
    """What the kernel said: errno (0: done), its extended message, bodies that came back."""

    errno: int
    text: str = ""
    bodies: tuple[bytes, ...] = ()


class Netlink:
    """One netlink socket in the network namespace of this process."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for option in (CAP_ACK, EXT_ACK):
            self._socket.setsockopt(SOL_NETLINK, option, 1)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def dump(self, message: int, body: bytes) -> list[bytes]:
        """The bodies of a whole dump; taken again when it changed underway.

        :raises ApplyError: the kernel refused it, or did not answer within DEADLINE seconds.
        """
        for _attempt in range(10):
            sequence = self._send([Request(message, body, DUMP)], acknowledge=False)
            bodies: list[bytes] = []
            interrupted = False
            for kind, flags, number, payload in self._messages():
                if number != sequence:
                    continue
                interrupted |= bool(flags & FLAG_DUMP_INTERRUPTED)
                if kind in (MESSAGE_DONE, MESSAGE_ERROR):
                    code = -struct.unpack_from("=i", payload)[0] if len(payload) >= 4 else 0
                    if code:
                        raise ApplyError(f"netlink dump failed: {os.strerror(code)}", errno=code)
                    break
                bodies.append(payload)
            if not interrupted:
                return bodies
        raise ApplyError("netlink dump kept changing underway", errno=errno.EINTR)

    def batch(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """Send all requests, CHUNK at a time, and yield the reply of each, in order."""
        for start in range(0, len(requests), CHUNK):
            yield from self._chunk(requests[start : start + CHUNK])

    def _chunk(self, requests: Sequence[Request]) -> list[Reply]:
        first = self._send(requests) - len(requests) + 1
        replies: dict[int, Reply] = {}
        bodies: dict[int, list[bytes]] = {}
        for kind, flags, number, payload in self._messages():
            index = number - first
            if not 0 <= index < len(requests):
                continue
            if kind == MESSAGE_ERROR:
                replies[index] = _reply(flags, payload, tuple(bodies.get(index, ())))
                if len(replies) == len(requests):
                    break
            else:
                bodies.setdefault(index, []).append(payload)
        return [replies[index] for index in range(len(requests))]

    def _send(self, requests: Sequence[Request], acknowledge: bool = True) -> int:
        data = b""
        for request in requests:
            self._sequence += 1
            flags = REQUEST | request.flags | (ACK if acknowledge else 0)
            data += struct.pack(
                "=IHHII", 16 + len(request.body), request.type, flags, self._sequence, 0
            )
            data += request.body + b"\0" * (-len(request.body) % 4)
        try:
            self._socket.sendto(data, (0, 0))
        except OSError as error:
            raise ApplyError(f"netlink send failed: {error.strerror}", errno=error.errno) from error
        return self._sequence

    def _messages(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Messages as (type, flags, sequence, payload) until the caller stops."""
        end = time.monotonic() + DEADLINE
        while True:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self._socket.recv(1 << 18)
            except socket.timeout:
                raise ApplyError(
                    f"the kernel did not answer within {DEADLINE:.0f} s", errno=errno.ETIMEDOUT
                ) from None
            except OSError as error:
                raise ApplyError(
                    f"netlink receive failed: {error.strerror}", errno=error.errno
                ) from error
            yield from split(data)


def split(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """The messages of one datagram; stops at a malformed one."""
    offset = 0
    while offset + 16 <= len(data):
        length, kind, flags, sequence, _port = struct.unpack_from("=IHHII", data, offset)
        if length < 16 or offset + length > len(data):
            return
        yield kind, flags, sequence, data[offset + 16 : offset + length]
        offset += (length + 3) & ~3


def _reply(flags: int, payload: bytes, bodies: tuple[bytes, ...]) -> Reply:
    """struct nlmsgerr with extended acknowledgement, net/netlink/af_netlink.c netlink_ack()."""
    if len(payload) < 8:
        return Reply(errno.EBADMSG, "the kernel's answer is cut short", bodies)
    code, length = struct.unpack_from("=iI", payload)
    text = ""
    if flags & FLAG_ACK_TLVS:
        skip = 20 if flags & FLAG_CAPPED else 4 + ((length + 3) & ~3)
        for kind, value in attributes(payload, skip):
            if kind == 1:
                text = value.split(b"\0", 1)[0].decode("utf-8", "replace")
    return Reply(-code, text, bodies)


def family_id(generic: Netlink, name: str) -> int:
    """The message type of a generic netlink family; asking makes the kernel load its module.

    :raises EnvironmentProblem: there is no such family (genetlink.c ctrl_getfamily()).
    :raises ApplyError: the kernel did not answer that question.
    """
    value = name.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(value), 2) + value
    body = struct.pack("=BBH", CTRL_GETFAMILY, 1, 0) + attribute
    (reply,) = generic.batch([Request(GENL_ID_CTRL, body)])
    for answer in reply.bodies:
        for kind, payload in attributes(answer, 4):
            if kind == 1:
                return int(struct.unpack("=H", payload[:2])[0])
    if reply.errno not in (0, errno.ENOENT):
        raise ApplyError(
            f"cannot look up netlink family {name!r}: {os.strerror(reply.errno)}",
            errno=reply.errno,
        )
    raise EnvironmentProblem(
        f"the kernel has no netlink family {name!r}",
        culprit="kernel module 'openvswitch' is not loaded",
        remedy="load it: modprobe openvswitch (and list it in /etc/modules-load.d)",
    )
