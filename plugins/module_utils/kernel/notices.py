# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hears what the kernel tells of changes: multicast groups of rtnetlink and of openvswitch.

A notice only says that it is time to look. So nothing is lost with one that is lost: the kernel
tells that it had to drop some (ENOBUFS), which is as good a reason to look.
"""

from __future__ import annotations

import errno
import socket
import struct

from .decode import attributes, flood_entry
from .transport import (
    CTRL_GETFAMILY,
    GENL_ID_CTRL,
    NETLINK_GENERIC,
    NETLINK_ROUTE,
    SOL_NETLINK,
    Netlink,
    split,
)

# enum rtnetlink_groups: links, neighbours with the entries of FDBs, addresses.
RTNL_GROUPS = (1, 3, 5, 9)
# Family -> group. That of nlctrl tells when openvswitch is loaded.
GENERIC_GROUPS = {"nlctrl": "notify", "ovs_datapath": "ovs_datapath", "ovs_vport": "ovs_vport"}
NEIGHBOURS = (28, 29)  # RTM_NEWNEIGH, RTM_DELNEIGH
AF_BRIDGE = 7
ADD_MEMBERSHIP = 1
_BUFFER = 1 << 18


class Notices:
    """Two sockets that hear of changes in the network namespace of this process.

    :param buffer: bytes that the kernel may queue for each; None: the system's default.
    """

    def __init__(self, buffer: int | None = None) -> None:
        self.lost = 0
        self._joined: set[int] = set()
        self._route = self._open(NETLINK_ROUTE, buffer)
        self._generic = self._open(NETLINK_GENERIC, buffer)
        self.sockets = (self._route, self._generic)
        for group in RTNL_GROUPS:
            self._route.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)
        self._join()

    @staticmethod
    def _open(protocol: int, buffer: int | None) -> socket.socket:
        found = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        if buffer is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        found.setblocking(False)
        found.bind((0, 0))
        return found

    def _join(self) -> None:
        """Join the groups of generic netlink that are there by now."""
        asking = Netlink(NETLINK_GENERIC)
        try:
            found = generic_groups(asking)
        finally:
            asking.close()
        for number in found - self._joined:
            self._generic.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, number)
            self._joined.add(number)

    def close(self) -> None:
        """Close the sockets."""
        for one in self.sockets:
            one.close()

    def drain(self) -> bool:
        """Take everything that has come; True where it is a reason to look."""
        found = [self._take(one) for one in self.sockets]
        return any(found)

    def _take(self, one: socket.socket) -> bool:
        reason = False
        while True:
            try:
                data = one.recv(_BUFFER)
            except BlockingIOError:
                return reason
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.lost += 1
                reason = True
                continue
            for kind, _flags, _sequence, body in split(data):
                if one is self._generic and kind == GENL_ID_CTRL:
                    self._join()
                reason |= one is self._generic or matters(kind, body)


def matters(kind: int, body: bytes) -> bool:
    """Whether a notice of rtnetlink is a reason to look.

    Neighbours come and go, and VXLAN devices learn addresses all day; only flood lists matter.
    """
    if kind not in NEIGHBOURS:
        return True
    return body[:1] == bytes((AF_BRIDGE,)) and flood_entry(body) is not None


def generic_groups(asking: Netlink) -> set[int]:
    """Numbers of the groups in GENERIC_GROUPS that exist. Loads no kernel module."""
    numbers = set()
    for answer in asking.dump(GENL_ID_CTRL, struct.pack("=BBH", CTRL_GETFAMILY, 1, 0)):
        found = dict(attributes(answer, 4))
        wanted = GENERIC_GROUPS.get(_text(found.get(2, b"")))  # CTRL_ATTR_FAMILY_NAME
        for _index, group in attributes(found.get(7, b"")):  # CTRL_ATTR_MCAST_GROUPS
            entry = dict(attributes(group))
            if wanted is not None and _text(entry.get(1, b"")) == wanted and 2 in entry:
                numbers.add(struct.unpack("=I", entry[2])[0])
    return numbers


def _text(payload: bytes) -> str:
    return payload.split(b"\0", 1)[0].decode("ascii", "replace")
