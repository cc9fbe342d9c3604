# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with one bridge, its tunnels and what the kernel shows of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import (
    Bridge,
    Device,
    Kernel,
    Observed,
    Tunnel,
)
from tests.unit.ovsdb.builders import REMOTE, tunnel

GOOD = Device(
    4789,
    present=True,
    up=True,
    datapath="ovs-system",
    port_no=1,
    sockets=frozenset((4, 6)),
)
WANTED: dict[str, Any] = {"name": "vx", "bridge": "br0", "remote_ip": REMOTE}


def row(name: str = "vx", owner: str | None = "default", **given: Any) -> Tunnel:
    """A row as a task with these parameters would leave it."""
    spec = tunnel(**{**WANTED, "name": name, **given})
    ids = {} if owner is None else {"tunnelmesh-owner": owner}
    return Tunnel(name, "br0", spec.columns, ids, ofport=1, port_name=name, uuid=f"i-{name}")


def host(*rows: Tunnel, device: Device | None = GOOD, **kernel: Any) -> Observed:
    """A host with one bridge."""
    devices = {} if device is None else {device.dst_port: device}
    return Observed(
        bridges={"br0": Bridge("br0", {"datapath_type": ""}, uuid="b")},
        tunnels={one.name: one for one in rows},
        root="r",
        kernel=Kernel(devices=devices, **kernel),
    )


def ops(plan: Plan) -> list[tuple[str, str]]:
    """What a plan does to what."""
    return [(step.op, step.name) for step in plan]
