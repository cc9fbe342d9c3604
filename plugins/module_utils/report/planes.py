# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tunnels and ports of a host, plane by plane, out of ovs_vxlan_info's result; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..verdict.codes import CODES, DATA, MANAGEMENT
from .model import PlaneRow

ROW, OFPORT, VPORT, DEVICE, FLOOD, UNDERLAY = (
    "row",
    "ofport",
    "vport",
    "device",
    "flood",
    "underlay",
)
COLUMNS = (ROW, OFPORT, VPORT, DEVICE, FLOOD, UNDERLAY)
NONE = "\u2013"
# The column that a problem is about, where its plane alone does not tell.
_COLUMN_OF = {
    "vswitchd_not_running": OFPORT,
    "vswitchd_hung": OFPORT,
    "upcalls_lost": OFPORT,
    "tunnel_refused": OFPORT,
    "no_ofport": OFPORT,
    "device_elsewhere": VPORT,
    "device_detached": VPORT,
    "not_connected": VPORT,
    "flood_differs": FLOOD,
    "udp_port_held": DEVICE,
    "networkmanager_manages": DEVICE,
    "module_missing": VPORT,
}
_COLUMN_OF_PLANE = {MANAGEMENT: ROW, DATA: DEVICE}
_BY_PEER = 3  # remotes of a flood list that are written out


def column(code: str) -> str:
    """The column that a problem is about."""
    return _COLUMN_OF.get(code) or _COLUMN_OF_PLANE.get(CODES[code].plane, UNDERLAY)


def rows(
    info: Mapping[str, Any], tunnels: Mapping[str, tuple[str, tuple[str, ...]]]
) -> list[PlaneRow]:
    """A row for everything that has a verdict."""
    devices = {one["name"]: one for one in info.get("devices", ())}
    database = {one["name"]: one for one in info.get("tunnels", ())}
    found = []
    for verdict in info["verdicts"]:
        if verdict["kind"] == "host":
            continue
        name = verdict["name"]
        segment, peers = tunnels.get(name, ("", ()))
        marks = {column(one["code"]): one["code"] for one in reversed(verdict.get("problems", ()))}
        if verdict["kind"] == "tunnel":
            cells = _tunnel(database.get(name), marks)
            peer = ", ".join(peers)
        else:
            cells = _port(devices.get(name))
            peer = ", ".join(peers[:_BY_PEER]) if len(peers) <= _BY_PEER else f"{len(peers)} peers"
        cells[UNDERLAY] = marks.get(UNDERLAY) or ", ".join(_shortened(verdict["remotes"]))
        found.append(PlaneRow(name, segment, peer, verdict["status"], cells, marks))
    return found


def _tunnel(row: Mapping[str, Any] | None, marks: Mapping[str, str]) -> dict[str, str]:
    if row is None:
        return {ROW: "missing", OFPORT: NONE, VPORT: NONE, DEVICE: NONE, FLOOD: NONE}
    vport = row.get("vport") or {}
    device = vport.get("name")
    state = "" if not device else " up" if vport.get("up") else " down"
    ofport = row.get("ofport")
    return {
        ROW: f"key {row.get('key', 'any')}",
        OFPORT: str(ofport) if ofport is not None and ofport >= 0 else "none",
        VPORT: _vport(vport.get("datapath"), vport.get("port_no")),
        DEVICE: f"{device}{state}" if device else "missing" if DEVICE in marks else NONE,
        FLOOD: NONE,  # the bridge floods to its tunnels by itself
    }


def _port(device: Mapping[str, Any] | None) -> dict[str, str]:
    if device is None:
        return {ROW: NONE, OFPORT: NONE, VPORT: "missing", DEVICE: "missing", FLOOD: "missing"}
    state = "up" if device.get("up") else "down"
    return {
        ROW: NONE,
        OFPORT: NONE,
        VPORT: _vport(device.get("datapath"), device.get("port_no")),
        DEVICE: f"vni {device.get('vni', 'any')} {state}",
        FLOOD: ", ".join(_shortened(device.get("remotes") or [])) or "empty",
    }


def _vport(datapath: Any, number: Any) -> str:
    if not datapath:
        return "not linked"
    return f"{datapath} port {number}" if number is not None else str(datapath)


def _shortened(listed: Any) -> Iterator[str]:
    for number, one in enumerate(listed):
        if number == _BY_PEER and len(listed) > _BY_PEER + 1:
            yield f"and {len(listed) - number} more"
            return
        yield str(one)
