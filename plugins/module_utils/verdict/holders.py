# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds a UDP port, out of a snapshot; pure."""

from __future__ import annotations

from collections.abc import Collection

from ..kernel import conflicts
from ..kernel.model import port_states
from .model import UNSEEN, Snapshot

KERNEL_SOCKET = (
    "a kernel socket (a tunnel device of another kind, or one that was moved to another network "
    "namespace)"
)


def devices(seen: Snapshot, port: int) -> list[str]:
    """Names of the VXLAN devices that have a UDP port open."""
    return [
        state.name
        for state in port_states(seen.kernel).values()
        if state.up and state.attrs["dst_port"] == port
    ]


def holders(seen: Snapshot, port: int, besides: Collection[str]) -> str | None:
    """Everybody who holds a UDP port, other than the devices ``besides``, as one text."""
    states = port_states(seen.kernel)
    names = [name for name in devices(seen, port) if name not in besides]
    found = [conflicts.describe(states[name]) for name in names]
    held = [socket for socket in seen.around.sockets if socket.port == port]
    processes = {socket.holder for socket in held if socket.holder is not None}
    if devices(seen, port):
        processes.discard(UNSEEN)  # most likely the socket of that device
    elif held and not processes:
        processes = {KERNEL_SOCKET}
    found += sorted(processes)
    return ", ".join(found) or None
