# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From module parameters to what is desired; pure, and strict about every value."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..core import arguments, validate
from ..core.errors import InputError
from ..core.ownership import check_owner
from . import options
from .arguments import TUNNEL
from .columns import bfd, texts, vlan
from .model import BridgeSpec, Desired, TunnelSpec

# Highest OpenFlow port number of a physical port, OFPP_MAX - 1: ovs-vswitchd.conf.db(5).
OFPORT_MAX = 65279
# is_vport_reserved names, vport_classes[].dpif_port in lib/netdev-vport.c: ovs-vswitchd refuses
# them with ofport -1 and no error text.
RESERVED = tuple(
    f"{kind}_sys"
    for kind in (
        "vxlan",
        "genev",
        "gre",
        "lisp",
        "stt",
        "erspan",
        "ip6gre",
        "gtpu",
        "srv6",
        "bareudp",
    )
)
DIGEST = 10
PREFIX_MAX = validate.NAME_MAX - DIGEST


def desired(params: Mapping[str, Any]) -> Desired:
    """What the task declares.

    :raises InputError: anything that could not work, or that would be ignored silently.
    """
    declared_bridges = params.get("bridges")
    specs: tuple[BridgeSpec, ...] = ()
    if declared_bridges:
        from . import bridges

        specs = tuple(bridges.specs(declared_bridges))
    tunnels = tuple(_tunnel(where, entry) for where, entry in _entries(params))
    found = Desired(
        tunnels=tunnels,
        bridges=specs,
        owner=check_owner(params["owner"]),
        purge=bool(params.get("purge")),
        purge_bridges=bool(params.get("purge")) and declared_bridges is not None,
    )
    _check_names(found.tunnels, found.bridges)
    return found


def _entries(params: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    remotes, listed = params.get("remotes"), params.get("tunnels")
    if remotes is not None and params.get("name"):
        raise InputError(
            "name and remotes exclude each other",
            remedy="leave name out: names of remotes are derived; or use tunnels",
        )
    found: list[tuple[str, dict[str, Any]]] = []
    empty = listed is None and not params.get("name")
    if not empty or (remotes is None and params.get("bridges") is None):
        found = arguments.entries(params, TUNNEL, "tunnels")
    return found + _remotes(params, remotes or ())


def _remotes(params: Mapping[str, Any], remotes: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """The compact form: one tunnel per remote, all else from the task's top level."""
    prefix = str(params.get("name_prefix"))
    if not 1 <= len(prefix) <= PREFIX_MAX:
        raise InputError(
            f"name_prefix {prefix!r} has {len(prefix)} characters",
            remedy=f"use 1 to {PREFIX_MAX}: {DIGEST} more are derived from remote, key and port",
        )
    if remotes and params.get("remote_ip") is not None:
        raise InputError(
            "remote_ip and remotes exclude each other", remedy="move remote_ip into remotes"
        )
    if remotes and params.get("ofport_request") is not None:
        raise InputError(
            "ofport_request cannot be shared by several remotes",
            remedy="leave it out, or use tunnels with one ofport_request each",
        )
    found = []
    for index, remote in enumerate(remotes):
        where = f"remotes[{index}] ({remote})"
        entry = {name: params.get(name) for name in TUNNEL}
        address = remote if remote == "flow" else str(validate.unicast(remote, where, "remote"))
        entry["remote_ip"] = address
        entry["name"] = derived_name(prefix, options.column(entry, where))
        found.append((where, entry))
    return found


def derived_name(prefix: str, column: Mapping[str, str]) -> str:
    """A name that depends on nothing but remote, incoming key and UDP port.

    50 bits of SHA-256 in base 32: two of 10,000 tunnels collide with a probability of 5e-8, and
    a collision is refused as a name declared twice.
    """
    remote, _local, key, port, _type = options.identity(column)
    digest = hashlib.sha256(f"{remote} {key} {port}".encode()).digest()
    return prefix + base64.b32encode(digest).decode().lower()[:DIGEST]


def _name(value: str, where: str) -> str:
    if value.startswith(RESERVED):
        raise InputError(
            f"{where}: name {value!r} is reserved by ovs-vswitchd for its own devices",
            remedy="choose a name that does not start with vxlan_sys or the like",
        )
    return validate.device_name(value, where)


def _tunnel(where: str, entry: Mapping[str, Any]) -> TunnelSpec:
    name = _name(entry["name"], where)
    state = entry.get("state") or "present"
    bridge = entry.get("bridge") or ""
    columns: dict[str, Any] = {}
    if state == "present":
        if not bridge:
            raise InputError(
                f"{where}: bridge is missing", remedy="name the bridge that the tunnel is on"
            )
        columns = _columns(entry, where)
    return TunnelSpec(
        where=where,
        name=name,
        state=state,
        bridge=validate.device_name(bridge, where, "bridge") if bridge else "",
        columns=columns,
        external_ids=texts(entry.get("external_ids") or {}, where, "external_ids"),
        adopt=bool(entry.get("adopt")),
    )


def _columns(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    request, mac = entry.get("ofport_request"), entry.get("mac")
    if request is not None:
        validate.integer(request, 1, OFPORT_MAX, where, "ofport_request")
    return {
        "options": options.column(entry, where),
        "bfd": bfd(entry.get("bfd") or {}, where),
        "mac": None if mac is None else validate.mac_address(mac, where, "mac"),
        "ofport_request": request,
        "protected": bool(entry.get("protected")),
        **vlan(entry, where),
    }


def _check_names(tunnels: Sequence[TunnelSpec], specs: Sequence[BridgeSpec]) -> None:
    states = {spec.name: spec.state for spec in specs}
    seen: dict[str, str] = {}
    for tunnel in tunnels:
        if tunnel.name in seen:
            raise InputError(
                f"{seen[tunnel.name]} and {tunnel.where} are both called {tunnel.name}",
                remedy="declare every tunnel once",
            )
        seen[tunnel.name] = tunnel.where
        if tunnel.name in states:
            raise InputError(
                f"{tunnel.where}: {tunnel.name} is the name of a bridge",
                remedy="give the tunnel a name of its own",
            )
        if tunnel.state == "present" and states.get(tunnel.bridge) == "absent":
            raise InputError(
                f"{tunnel.where}: its bridge {tunnel.bridge} is declared absent",
                remedy="declare the tunnel absent too, or keep the bridge",
            )
