# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of devices: stable, at most 15 characters, the same on every host.

A name follows from what it stands for alone, never from the order or number of members, so that
adding or removing a host renames nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re

from ..core.validate import NAME_MAX
from .model import KERNEL, Segment

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


def device(vni: int) -> str:
    """The one VXLAN device of a segment on a host of backend ``kernel``: ``vx100``."""
    return f"vx{vni}"


def tunnel(vni: int, peer: str) -> str:
    """The tunnel to ``peer`` on a host of backend ``ovsdb``: ``vx100-hv7``.

    Where that is too long for a device name, the first five letters of the peer and eight of a
    digest (40 bits) of VNI and peer take its place: ``vxcompubc3x5k2q``.
    """
    readable = f"{device(vni)}-{peer}"
    if len(readable) <= NAME_MAX and _PLAIN.match(peer):
        return readable
    digest = hashlib.sha256(f"{vni} {peer}".encode()).digest()
    tail = base64.b32encode(digest[:5]).decode().lower()
    head = re.sub(r"[^a-z0-9]", "", peer.lower())[:5]
    return f"vx{head}{tail}"


def datapath(segment: str) -> str:
    """The datapath of a segment, and so its local port, on a host of backend ``kernel``."""
    return _fitting("dp-", segment)


def access_port(segment: str) -> str:
    """The internal port of a VLAN-tagged segment on a host of backend ``ovsdb``."""
    return _fitting("if-", segment)


def own_device(segment: Segment, backend: str) -> str:
    """A host's own device in a segment: where its overlay addresses are."""
    if segment.device:
        return segment.device
    if backend == KERNEL:
        return datapath(segment.name)
    return segment.bridge if segment.tag is None else access_port(segment.name)


def _fitting(prefix: str, segment: str) -> str:
    readable = prefix + segment
    if len(readable) <= NAME_MAX:
        return readable
    digest = base64.b32encode(hashlib.sha256(segment.encode()).digest()[:3]).decode().lower()
    return readable[: NAME_MAX - 5] + digest[:5]
