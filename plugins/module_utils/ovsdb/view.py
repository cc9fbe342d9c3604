# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user sees of tunnels, bridges and devices: plain dictionaries; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import options
from .model import OUR_PREFIX, Bridge, Device, Observed, Tunnel

HIDDEN = "(hidden)"
ANOTHER = "(hidden, another one)"
_NAMES = {key: name for name, key in options.KEYS.items()}


def tunnel(found: Tunnel) -> dict[str, Any]:
    """One tunnel in the words of the module's options; what is not set is left out."""
    seen: dict[str, Any] = {"bridge": found.bridge}
    for key in sorted(found.options):
        name, text = _NAMES.get(key, key), found.options[key]
        seen[name] = _option(name, text)
    for name in ("ofport_request", "mac", "tag", "vlan_mode"):
        if found.columns[name] is not None:
            seen[name] = found.columns[name]
    if found.columns["trunks"]:
        seen["trunks"] = sorted(found.columns["trunks"])
    seen["protected"] = found.columns["protected"]
    if found.columns["bfd"]:
        seen["bfd"] = {
            key: _plain(found.columns["bfd"][key]) for key in sorted(found.columns["bfd"])
        }
    seen.update(_external_ids(found.external_ids))
    if found.broken:
        seen["error"] = found.error or f"refused (ofport {found.ofport})"
    return seen


def _option(name: str, text: str) -> Any:
    if name in options.SECRETS:
        return HIDDEN
    return text.split(",") if name == "extensions" else _plain(text)


def _plain(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() and str(int(text)) == text else text


def _external_ids(column: Mapping[str, str]) -> dict[str, Any]:
    theirs = {key: column[key] for key in sorted(column) if not key.startswith(OUR_PREFIX)}
    seen: dict[str, Any] = {"external_ids": theirs} if theirs else {}
    seen["owner"] = column.get(f"{OUR_PREFIX}owner")
    return seen


def bridge(found: Bridge) -> dict[str, Any]:
    """One bridge without its ports; empty columns are left out."""
    seen: dict[str, Any] = {"datapath_type": found.datapath_type}
    seen["mcast_snooping_enable"] = bool(found.columns.get("mcast_snooping_enable"))
    if found.columns.get("fail_mode"):
        seen["fail_mode"] = found.columns["fail_mode"]
    config = found.columns.get("other_config") or {}
    if config:
        seen["other_config"] = {key: config[key] for key in sorted(config)}
    if found.mtu_request is not None:
        seen["mtu"] = found.mtu_request
    seen.update(_external_ids(found.external_ids))
    return seen


def device(found: Device) -> dict[str, Any]:
    """The kernel device behind the tunnels of one UDP port."""
    if not found.present:
        return {"state": "absent"}
    return {
        "state": "present" if found.datapath else "detached",
        "up": found.up,
        "datapath": found.datapath,
        "dst_port": found.dst_port,
        "extensions": sorted(found.extensions),
    }


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], secrets: Iterable[str] = ()
) -> dict[str, tuple[Any, Any]]:
    """Attribute -> (before, after) where two views differ.

    :param secrets: attributes that differ although their views do not.
    """
    found = {
        name: (before.get(name), after.get(name))
        for name in {*before, *after}
        if before.get(name) != after.get(name)
    }
    found.update({name: (HIDDEN, ANOTHER) for name in secrets if name not in found})
    return found


def changed_secrets(before: Tunnel, after: Tunnel) -> list[str]:
    """Secrets that are set on both and differ."""
    return [
        name
        for name in options.SECRETS
        if name in before.options
        and name in after.options
        and before.options[name] != after.options[name]
    ]


def _with_local(found: Bridge, observed: Observed) -> dict[str, Any]:
    """A bridge with the device of its local port."""
    seen = bridge(found)
    if observed.kernel is not None and found.name in observed.kernel.local:
        seen["up"] = observed.kernel.local[found.name].up
        seen["address"] = list(observed.kernel.local[found.name].addresses)
    return seen


def everything(observed: Observed, since: Observed | None = None) -> dict[str, dict[str, Any]]:
    """All bridges, tunnels and devices of a snapshot by name, for ``diff``.

    :param since: the earlier snapshot: a secret that has changed is shown as another one.
    """
    seen = {name: _with_local(found, observed) for name, found in observed.bridges.items()}
    kernel = observed.kernel
    for name, row in observed.tunnels.items():
        seen[name] = tunnel(row)
        earlier = since.tunnels.get(name) if since else None
        for secret in changed_secrets(earlier, row) if earlier else ():
            seen[name][secret] = ANOTHER
    if kernel is not None:
        devices = [found for found in kernel.devices.values() if found.present]
        seen.update({found.name: device(found) for found in devices})
    return seen


def live_tunnels(observed: Observed, names: Iterable[str]) -> list[dict[str, Any]]:
    """The named tunnels as they are now, with their OpenFlow port and kernel device."""
    live = []
    for name in names:
        found = observed.tunnels.get(name)
        if found is None:
            live.append({"name": name, "state": "absent"})
            continue
        entry = {"name": name, "state": "present", "ofport": found.ofport, **tunnel(found)}
        kernel = observed.kernel
        port = options.dst_port(found.options)
        if kernel is not None and port in kernel.devices:
            backing = kernel.devices[port]
            entry["device"] = {"name": backing.name, **device(backing)}
        live.append(entry)
    return live


def live_bridges(observed: Observed, names: Iterable[str]) -> list[dict[str, Any]]:
    """The named bridges as they are now, with the names of their ports."""
    live: list[dict[str, Any]] = []
    for name in names:
        found = observed.bridges.get(name)
        if found is None:
            live.append({"name": name, "state": "absent"})
        else:
            ports = sorted(port for port in found.ports.values() if port != name)
            seen = _with_local(found, observed)
            live.append({"name": name, "state": "present", **seen, "ports": ports})
    return live
