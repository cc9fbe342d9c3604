# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access ports as declared and as they are; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional


@dataclass(frozen=True)
class Spec:
    """A declared port. ``addresses`` and ``mtu`` are left alone where None."""

    where: str
    name: str
    bridge: str = ""
    tag: int = 0
    mtu: Optional[int] = None
    addresses: Optional[tuple[str, ...]] = None
    present: bool = True


@dataclass(frozen=True)
class Port:
    """A port that exists in the database; what the kernel shows is None where there is no device.

    :ivar requested_mtu: ``mtu_request`` of the database; ``mtu`` is the kernel's.
    :ivar error: why ovs-vswitchd has refused it.
    """

    name: str
    bridge: str
    kind: str
    tag: Optional[int]
    owner: Optional[str]
    requested_mtu: Optional[int] = None
    mtu: Optional[int] = None
    up: bool = False
    addresses: tuple[str, ...] = ()
    port_uuid: str = ""
    interface_uuid: str = ""
    error: str = ""

    def shown(self) -> dict[str, Any]:
        """What the user sees of it."""
        return {
            "name": self.name,
            "bridge": self.bridge,
            "tag": self.tag,
            "mtu": self.mtu,
            "up": self.up,
            "address": list(self.addresses),
            "owner": self.owner,
        }


@dataclass(frozen=True)
class Observed:
    """A snapshot: the root row, bridges by name, ports by name.

    :ivar taken: name -> kind of the devices that Open vSwitch has not made.
    """

    root: str
    bridges: Mapping[str, str]
    ports: Mapping[str, Port] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
