# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collisions between VXLAN devices, as drivers/net/vxlan/vxlan_core.c decides them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..core.errors import ConflictError
from .model import Observed, PortState, port_states


def describe(state: PortState) -> str:
    """A device as the culprit of a message: ``flannel.1 (vxlan, VNI 1, port 8472)``."""
    facts = ["vxlan"]
    facts.append("external" if state.attrs["external"] else f"VNI {state.attrs['vni']}")
    facts.append(f"port {state.attrs['dst_port']}")
    facts += [name for name in ("gbp", "gpe") if state.attrs[name]]
    if state.datapath:
        facts.append(f"linked to {state.datapath}")
    if not state.up:
        facts.append("down")
    return f"{state.name} ({', '.join(facts)})"


def same_vni(one: PortState, other: PortState) -> bool:
    """Both cannot exist: vxlan_vni_in_use(), EEXIST even while down."""
    keys = ("vni", "dst_port")
    return (
        all(one.attrs[key] == other.attrs[key] for key in keys)
        and one.receive_flags == other.receive_flags
        and (one.attrs["external"] or (one.family or 4) == (other.family or 4))
    )


def same_socket(one: PortState, other: PortState) -> bool:
    """Both cannot be up: __vxlan_sock_add() neither shares nor binds, EADDRINUSE.

    A device of the legacy vport class never shares its socket (``no_share``).
    """
    if one.attrs["dst_port"] != other.attrs["dst_port"] or not (one.up and other.up):
        return False
    if not one.families & other.families:
        return False
    return one.legacy or other.legacy or one.receive_flags != other.receive_flags


def check(
    wanted: Mapping[str, PortState], fresh: Iterable[str], final: Mapping[str, PortState]
) -> None:
    """Raise ConflictError where a port that is made or brought up collides with another.

    :param wanted: what the plan brings about, by name.
    :param fresh: names of ``wanted`` whose device is created or brought up by the plan.
    :param final: every VXLAN device as it will be after the plan.
    """
    by_port: dict[int, list[PortState]] = {}
    for state in final.values():
        by_port.setdefault(state.attrs["dst_port"], []).append(state)
    shared = {
        port: len({(s.receive_flags, s.legacy) for s in states}) > 1
        for port, states in by_port.items()
    }
    by_vni: dict[tuple[int, int], list[PortState]] = {}
    for state in final.values():
        by_vni.setdefault((state.attrs["dst_port"], state.attrs["vni"]), []).append(state)
    for name in fresh:
        state = wanted[name]
        port = state.attrs["dst_port"]
        for other in by_vni[port, state.attrs["vni"]]:
            if other.name != name and same_vni(state, other):
                raise _vni_conflict(state, other)
        if not (shared[port] or state.legacy):
            continue
        for other in by_port[port]:
            if other.name != name and same_socket(state, other):
                raise _socket_conflict(state, other)


def _vni_conflict(state: PortState, other: PortState) -> ConflictError:
    what = "an external device" if state.attrs["external"] else f"VNI {state.attrs['vni']}"
    return ConflictError(
        f"{state.name}: {what} on UDP port {state.attrs['dst_port']} already exists",
        culprit=describe(other),
        remedy=f"remove {other.name}, or choose another vni or dst_port",
    )


def _socket_conflict(state: PortState, other: PortState) -> ConflictError:
    return ConflictError(
        f"{state.name}: UDP port {state.attrs['dst_port']} is held by a device with other flags",
        culprit=describe(other),
        remedy="give both the same extensions and checksum switches, remove "
        f"{other.name}, or choose another dst_port",
    )


def served(observed: Observed) -> frozenset[tuple[int, int]]:
    """(family, UDP port) of the sockets that VXLAN devices which are up may have opened.

    Nothing tells the family of a device without addresses: a run that was killed may have made
    it for IPv6.
    """
    return frozenset(
        (family, state.attrs["dst_port"])
        for state in port_states(observed).values()
        if state.up
        for family in ((4, 6) if state.family is None else state.families)
    )


def check_udp(
    observed: Observed, wanted: Mapping[str, PortState], opened: Iterable[str]
) -> tuple[str, int] | None:
    """The first (port name, UDP port) of ``opened`` whose UDP port somebody else holds.

    A port that an up VXLAN device already serves is shared, not held.
    """
    shared = served(observed)
    for name in opened:
        state = wanted[name]
        for family in sorted(state.families):
            key = (family, state.attrs["dst_port"])
            if key in observed.udp and key not in shared:
                return name, key[1]
    return None
