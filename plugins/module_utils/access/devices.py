# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's side of access ports, by iproute2: a handful of devices, and no pyroute2 to load."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from ..core.errors import ApplyError, EnvironmentProblem
from .model import Spec


@dataclass(frozen=True)
class Device:
    """What the kernel shows of a device; link-local addresses are left out."""

    mtu: int
    up: bool
    addresses: tuple[str, ...]


def read() -> Mapping[str, Device]:
    """All devices of the network namespace by name."""
    found = json.loads(_ip("-json", "address", "show") or "[]")
    return {
        link["ifname"]: Device(
            int(link["mtu"]),
            "UP" in link["flags"],
            tuple(
                f"{entry['local']}/{entry['prefixlen']}"
                for entry in link.get("addr_info", ())
                if entry.get("scope") != "link"
            ),
        )
        for link in found
        if "ifname" in link
    }


def bring(spec: Spec) -> None:
    """Set MTU, up and addresses of the device of a port.

    :raises ApplyError: the kernel refuses it.
    """
    if spec.mtu is not None:
        _ip("link", "set", "dev", spec.name, "mtu", str(spec.mtu))
    _ip("link", "set", "dev", spec.name, "up")
    if spec.addresses is None:
        return
    live = read()[spec.name].addresses
    for address in live:
        if address not in spec.addresses:
            _ip("address", "del", address, "dev", spec.name)
    for address in spec.addresses:
        if address not in live:
            flags = ["nodad"] if ":" in address else []
            _ip("address", "add", address, "dev", spec.name, *flags)


def _ip(*words: str) -> str:
    try:
        done = subprocess.run(
            ["ip", *words], capture_output=True, text=True, timeout=60, check=False
        )
    except FileNotFoundError:
        raise EnvironmentProblem(
            "the program ip is missing", remedy="install iproute2 (role tunnelmesh.ovs.vtep)"
        ) from None
    if done.returncode:
        raise ApplyError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
