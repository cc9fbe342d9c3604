# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proof that declared tunnels are alive: ovs-vswitchd accepts them, and the kernel has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..core.errors import ApplyError
from . import drift, options
from .collisions import IPV6_OFF
from .model import BridgeSpec, Device, Observed, Tunnel


def check(
    observed: Observed,
    names: Iterable[str],
    bridges: Sequence[BridgeSpec],
    holder: Callable[[int], str] | None,
) -> None:
    """Raise ApplyError for the first thing that does not work.

    :param names: the tunnels that are declared present.
    :param holder: tells who holds a UDP port; None where the kernel cannot be asked.
    """
    tunnels = [observed.tunnels[name] for name in names if name in observed.tunnels]
    for name in sorted({row.bridge for row in tunnels} | {spec.name for spec in bridges}):
        if name in observed.bridges and not observed.bridges[name].made:
            from . import diagnose

            raise diagnose.bridge(observed.bridges[name])
    broken = [row for row in tunnels if row.broken or row.ofport is None]
    if broken:
        from . import diagnose

        raise diagnose.refused(broken, observed, holder)
    _check_mtu(observed, bridges)
    if observed.kernel is None:
        return
    by_port: dict[tuple[str, int], list[Tunnel]] = {}
    for row in tunnels:
        kind = observed.bridges[row.bridge].datapath_type
        by_port.setdefault((kind, options.dst_port(row.options)), []).append(row)
    for (kind, port), found in sorted(by_port.items()):
        if kind == "system":
            device = observed.kernel.devices.get(port, Device(port))
            why = _complaint(device, found, observed.kernel.ipv6)
            if why is not None:
                from . import diagnose

                raise diagnose.device(device, why, found)
        elif observed.kernel.userspace is not None and port not in observed.kernel.userspace:
            raise ApplyError(
                f"ovs-vswitchd reports {found[0].name} as working, but its userspace datapath "
                f"does not listen on UDP port {port}",
                culprit="ovs-appctl tnl/ports/show does not list it",
                remedy="see the log of ovs-vswitchd",
            )


def _complaint(device: Device, tunnels: Sequence[Tunnel], ipv6: bool) -> str | None:
    """What is wrong with the device behind ``tunnels``, or None."""
    found = drift.problem(device, options.extensions(tunnels[0].options))
    if found is not None:
        return found[1]
    families = [options.family(row.options) for row in tunnels]
    needed = {family for family in families if family is not None}
    for family in sorted(needed - device.sockets):
        return f"has no open IPv{family} socket on UDP port {device.dst_port}"
    return f"has IPv6 remotes, and {IPV6_OFF}" if 6 in needed and not ipv6 else None


def other_mtus(
    observed: Observed, bridges: Sequence[BridgeSpec]
) -> Iterator[tuple[BridgeSpec, int]]:
    """Declared bridges whose local port has another MTU than declared, with that MTU."""
    for spec in bridges:
        seen = observed.bridges.get(spec.name)
        if spec.mtu is None or seen is None or spec.state != "present":
            continue
        if seen.mtu is not None and seen.mtu != spec.mtu:
            yield spec, seen.mtu


def _check_mtu(observed: Observed, bridges: Sequence[BridgeSpec]) -> None:
    """ovs-vswitchd only logs it when a device refuses its MTU: iface_set_netdev_mtu()."""
    for spec, mtu in other_mtus(observed, bridges):
        raise ApplyError(
            f"the local port of bridge {spec.name} has MTU {mtu}, not {spec.mtu}",
            culprit="its device refuses that MTU",
            remedy="choose a smaller MTU",
        )
