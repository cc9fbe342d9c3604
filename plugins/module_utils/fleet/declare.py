# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a declaration (dictionaries out of YAML) to the model; refuses what makes no sense alone.

What two or more parts of the mesh contradict each other about is found in ``checks``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..core import ownership, validate
from ..core.errors import InputError
from . import values
from .model import CUSTOM, DEFAULTS, FULL, HUB_SPOKE, KERNEL, OVSDB, Fleet, Link, Member, Segment

MEMBER_KEYS = (
    "endpoint",
    "addresses",
    "backend",
    "device",
    "underlay_mtu",
    "own_addresses",
    "settings",
)
SEGMENT_KEYS = (
    "name",
    "vni",
    "tag",
    "members",
    "topology",
    "hub",
    "links",
    "mtu",
    "device",
    "bridge",
    *DEFAULTS,
)
LINK_KEYS = ("between", "mtu", "endpoints", *DEFAULTS)
MESH_KEYS = ("segments", "backend", "owner", "mtu", "bridge", "bfd", *DEFAULTS)
DEFAULT_BRIDGE = "br-mesh"


def fleet(members: Mapping[str, Mapping[str, Any]], mesh: Mapping[str, Any]) -> Fleet:
    """The mesh as declared, not yet proven.

    :param members: host -> MEMBER_KEYS.
    :param mesh: MESH_KEYS; ``segments`` is a list of SEGMENT_KEYS.
    :raises InputError: with the host, segment or link at fault.
    """
    values.known_keys(mesh, MESH_KEYS, "mesh")
    ownership.check_owner(str(mesh.get("owner") or ownership.DEFAULT_OWNER))
    silent = [name for name, entry in members.items() if not entry.get("endpoint")]
    if silent:
        raise InputError(
            "no underlay endpoint is known",
            culprit=", ".join(silent[:20]) + (" and more" if len(silent) > 20 else ""),
            remedy="set vxlan_mesh_endpoint to the underlay address of each of these hosts",
        )
    found = {str(name): _member(str(name), entry, mesh) for name, entry in members.items()}
    return Fleet(
        members=found,
        segments=_segments(mesh, found),
        settings=values.settings(mesh, "mesh"),
        bfd=values.bfd(values.mapping(mesh.get("bfd"), "mesh", "bfd"), "mesh: bfd"),
    )


def _member(name: str, entry: Mapping[str, Any], mesh: Mapping[str, Any]) -> Member:
    where = f"host {name}"
    values.known_keys(entry, MEMBER_KEYS, where)
    endpoint = str(validate.unicast(str(entry["endpoint"]), where, "endpoint"))
    own = entry.get("own_addresses")
    if own is not None and endpoint not in own:
        raise InputError(
            f"{where}: its endpoint {endpoint} is not an address of the host",
            culprit="it has " + ", ".join(own) if own else None,
            remedy="correct vxlan_mesh_endpoint, or give the host that address",
        )
    backend = entry.get("backend") or mesh.get("backend") or OVSDB
    if backend not in (KERNEL, OVSDB):
        raise InputError(f"{where}: backend {backend!r} is neither {KERNEL} nor {OVSDB}")
    carried = entry.get("underlay_mtu")
    addresses = values.mapping(entry.get("addresses"), where, "addresses")
    settings = values.mapping(entry.get("settings"), where, "settings")
    values.known_keys(settings, tuple(DEFAULTS), f"{where}: settings")
    return Member(
        name=name,
        endpoint=endpoint,
        backend=str(backend),
        device=str(entry["device"]) if entry.get("device") else None,
        underlay_mtu=None
        if carried is None
        else values.whole(carried, 68, 65535, where, "underlay_mtu"),
        addresses={
            str(segment): validate.interfaces(
                values.texts(listed, where, f"addresses of segment {segment}"),
                f"{where}: addresses of segment {segment}",
            )
            for segment, listed in addresses.items()
        },
        settings=values.settings(settings, where),
    )


def _segments(mesh: Mapping[str, Any], members: Mapping[str, Member]) -> tuple[Segment, ...]:
    declared = mesh.get("segments")
    if not isinstance(declared, Sequence) or isinstance(declared, str) or not declared:
        raise InputError(
            "no segment is declared",
            remedy="declare at least one in vxlan_mesh_segments, such as {name: lab, vni: 100}",
        )
    return tuple(_segment(index, entry, mesh, members) for index, entry in enumerate(declared))


def _segment(
    index: int, entry: Any, mesh: Mapping[str, Any], members: Mapping[str, Member]
) -> Segment:
    entry = values.mapping(entry, f"segments[{index}]", "entry")
    name = values.segment_name(entry.get("name"), f"segments[{index}]")
    where = f"segment {name}"
    values.known_keys(entry, SEGMENT_KEYS, where)
    inside = _members(entry.get("members"), members, where)
    topology = entry.get("topology") or FULL
    if topology not in (FULL, HUB_SPOKE, CUSTOM):
        raise InputError(
            f"{where}: topology {topology!r} is not known",
            remedy=f"use {FULL}, {HUB_SPOKE} or {CUSTOM}",
        )
    tag = entry.get("tag")
    mtu = entry.get("mtu")
    device = entry.get("device")
    bridge = str(entry.get("bridge") or mesh.get("bridge") or DEFAULT_BRIDGE)
    segment = Segment(
        name=name,
        vni=values.whole(entry.get("vni"), 0, validate.VNI_MAX, where, "vni"),
        members=inside,
        topology=str(topology),
        tag=None if tag is None else values.whole(tag, 1, 4094, where, "tag"),
        hub=_hub(entry.get("hub"), str(topology), inside, where),
        links=_links(entry.get("links"), inside, where),
        device=validate.device_name(str(device), where, "device") if device else "",
        bridge=validate.device_name(bridge, where, "bridge"),
        settings=values.settings(entry, where),
        wanted_mtu=values.mtu(mesh.get("mtu") if mtu is None else mtu, where),
    )
    _check_links(segment, where)
    return segment


def _members(listed: Any, members: Mapping[str, Member], where: str) -> tuple[str, ...]:
    if listed is None or listed == "all":
        return tuple(members)
    chosen = values.texts(listed, where, "members")
    strangers = [name for name in chosen if name not in members]
    if strangers:
        raise InputError(
            f"{where}: {', '.join(strangers)} is not a member of the mesh",
            remedy="name hosts of the mesh's inventory group",
        )
    twice = (
        sorted({name for name in chosen if chosen.count(name) > 1})
        if len(set(chosen)) < len(chosen)
        else []
    )
    if twice:
        raise InputError(f"{where}: {', '.join(twice)} is listed twice in members")
    return chosen


def _hub(hub: Any, topology: str, inside: Sequence[str], where: str) -> Optional[str]:
    if topology != HUB_SPOKE:
        if hub:
            raise InputError(
                f"{where}: a hub is named, but the topology is {topology}",
                remedy=f"set topology: {HUB_SPOKE}, or remove hub",
            )
        return None
    if hub not in inside:
        raise InputError(
            f"{where}: the hub {hub!r} is not a member of the segment"
            if hub
            else f"{where}: the topology {HUB_SPOKE} needs a hub",
            remedy="set hub to one of the segment's members",
        )
    return str(hub)


def _links(listed: Any, inside: Sequence[str], where: str) -> tuple[Link, ...]:
    if listed is None:
        return ()
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise InputError(f"{where}: links {listed!r} is not a list")
    allowed = frozenset(inside)
    return tuple(
        _link(entry, allowed, f"{where}: links[{index}]") for index, entry in enumerate(listed)
    )


def _link(entry: Any, inside: frozenset[str], where: str) -> Link:
    if not isinstance(entry, Mapping):
        entry = {"between": entry}
    values.known_keys(entry, LINK_KEYS, where)
    ends = values.texts(entry.get("between") or (), where, "between")
    if len(ends) != 2 or ends[0] == ends[1]:
        raise InputError(
            f"{where}: {list(ends)} is not a pair of two different members",
            remedy="write it as [host1, host2], or as {between: [host1, host2], ...}",
        )
    strangers = [name for name in ends if name not in inside]
    if strangers:
        raise InputError(f"{where}: {', '.join(strangers)} is not a member of the segment")
    endpoints = values.mapping(entry.get("endpoints"), where, "endpoints")
    wrong = [str(name) for name in endpoints if name not in ends]
    if wrong:
        raise InputError(f"{where}: endpoints names {', '.join(wrong)}, no end of this link")
    mtu = entry.get("mtu")
    return Link(
        ends=(ends[0], ends[1]),
        mtu=None if mtu is None else values.whole(mtu, 68, 65535, where, "mtu"),
        endpoints={
            str(name): str(validate.unicast(str(address), where, "endpoint"))
            for name, address in endpoints.items()
        },
        settings=values.settings(entry, where),
    )


def _check_links(segment: Segment, where: str) -> None:
    seen: set[frozenset[str]] = set()
    for link in segment.links:
        pair = frozenset(link.ends)
        label = " - ".join(link.ends)
        if pair in seen:
            raise InputError(f"{where}: the link {label} is declared twice")
        seen.add(pair)
        if segment.topology == HUB_SPOKE and segment.hub not in pair:
            raise InputError(
                f"{where}: the link {label} does not exist, the hub is {segment.hub}",
                remedy=f"remove it, or use topology: {CUSTOM}",
            )
    if segment.topology == CUSTOM and not segment.links and len(segment.members) > 1:
        raise InputError(f"{where}: the topology {CUSTOM} needs links")
