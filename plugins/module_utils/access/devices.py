# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's side of access ports: MTU, state and addresses of their devices, by netlink."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ..core.steps import Step
from ..kernel import model
from ..kernel.reader import Reader
from .model import Spec


@dataclass(frozen=True)
class Device:
    """What the kernel shows of a device; link-local addresses are left out."""

    mtu: int
    up: bool
    addresses: tuple[str, ...]


class _Reader(Reader):
    """Datapaths are of no interest here, and the module openvswitch need not be there."""

    def _datapaths(self, flows: bool) -> Iterable[model.Datapath]:  # noqa: ARG002 - not ours to name
        return ()


def read() -> tuple[Mapping[str, Device], Mapping[str, str]]:
    """By name the devices that Open vSwitch has made, and the kind of every other one."""
    with closing(_Reader()) as reader:
        observed = reader.snapshot()
    others = {link.name: link.kind for link in observed.links.values() if not link.of_switch}
    return _devices(observed), others


def _devices(observed: model.Observed) -> dict[str, Device]:
    return {
        link.name: Device(link.mtu, link.up, observed.addresses.get(link.ifindex, ()))
        for link in observed.links.values()
        if link.of_switch
    }


def bring(spec: Spec) -> None:
    """Set MTU, up and addresses of the device of a port; nothing where there is no such device.

    :raises ApplyError: the kernel refuses it.
    :raises LostRace: the device vanished meanwhile.
    """
    from ..kernel.executor import Executor  # imports pyroute2: only when it is needed

    with closing(_Reader()) as reader:
        observed = reader.snapshot()
        now = _devices(observed).get(spec.name)
        changes = {} if now is None else _changes(spec, now)
        if now is not None and changes:
            args = {"changes": changes, "addresses": list(now.addresses), "nodad": True}
            step = Step("change", spec.name, "differs", args=args, kind="datapath")
            Executor(reader).execute((step,), observed, [])


def _changes(spec: Spec, now: Device) -> dict[str, tuple[Any, Any]]:
    """What differs, in the words of the kernel plane for the local port of a datapath."""
    changes: dict[str, tuple[Any, Any]] = {}
    if spec.mtu is not None and spec.mtu != now.mtu:
        changes["mtu"] = (now.mtu, spec.mtu)
    if not now.up:
        changes["up"] = (False, True)
    if spec.addresses is not None and set(spec.addresses) != set(now.addresses):
        changes["address"] = (list(now.addresses), list(spec.addresses))
    return changes
