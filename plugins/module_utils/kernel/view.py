# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user sees of ports and datapaths: plain dictionaries; pure."""

from __future__ import annotations

from typing import Any

from ..core.ownership import owner_of
from .attributes import DF_NAMES
from .model import UFID_PREFIX, VPORT_TYPES, Datapath, Observed, PortState, port_states

# Shown only where it is not the default, to keep a diff readable.
_RARE = (
    "src_port_range",
    "limit",
    "label",
    "proxy",
    "rsc",
    "l2miss",
    "l3miss",
    "group",
    "remcsum_tx",
    "remcsum_rx",
    "remcsum_nopartial",
)


def port(state: PortState) -> dict[str, Any]:
    """One port by name, without what the kernel picks anew each time (ifindex, random MAC)."""
    attrs = state.attrs
    seen: dict[str, Any] = {
        "state": "present" if state.datapath else "detached",
        "datapath": state.datapath,
        "port_no": state.port_no,
        "vport_type": "vxlan" if state.legacy else "netdev",
        "up": state.up,
        "mtu": state.mtu,
        "dst_port": attrs["dst_port"],
        "vni": None if attrs["external"] else attrs["vni"],
        "local_ip": attrs["local_ip"],
        "remotes": sorted(state.flood or ()),
        "dev": state.lower,
        "extensions": [name for name in ("gbp", "gpe") if attrs[name]],
    }
    if not attrs["external"]:
        seen["ttl"] = "inherit" if attrs["ttl_inherit"] else attrs["ttl"]
        seen["tos"] = "inherit" if attrs["tos"] == 1 else attrs["tos"]
        seen["df"] = DF_NAMES[attrs["df"]] if attrs["df"] < len(DF_NAMES) else attrs["df"]
        seen["learning"] = attrs["learning"]
        seen["ageing"] = attrs["ageing"]
    for name in ("udp_csum", "udp_zero_csum6_tx", "udp_zero_csum6_rx"):
        seen[name] = attrs[name]
    for name in _RARE:
        if attrs[name] and attrs[name] != (0, 0):
            value = attrs[name]
            seen[name] = list(value) if isinstance(value, tuple) else value
    seen["owner"] = owner_of(state.alias)
    return seen


def ports(observed: Observed) -> dict[str, dict[str, Any]]:
    """Every VXLAN port of a snapshot, by name."""
    return {name: port(state) for name, state in port_states(observed).items()}


def live_ports(observed: Observed, names: list[str]) -> list[dict[str, Any]]:
    """The named ports as they are now, with what the kernel chose."""
    seen = ports(observed)
    live = []
    for name in names:
        link = observed.link(name)
        if name in seen and link is not None:
            extra = {
                "name": name,
                "ifindex": link.ifindex,
                "mac_address": link.mac,
                "promiscuity": link.promiscuity,
            }
            live.append({**extra, **seen[name]})
        else:
            live.append({"name": name, "state": "absent"})
    return live


def datapath(found: Datapath, observed: Observed) -> dict[str, Any]:
    """One datapath with its local port, ports and cross-connects."""
    local = observed.links.get(found.ifindex)
    names = {vport.port_no: vport.name for vport in found.vports}
    pairs = {
        tuple(sorted((flow.in_port, flow.output)))
        for flow in found.flows
        if flow.ufid.startswith(UFID_PREFIX)
        and flow.in_port is not None
        and flow.output is not None
    }
    return {
        "owned_by": "ovs-vswitchd" if found.vswitchd else owner_of(local.alias if local else ""),
        "up": bool(local and local.up),
        "mtu": local.mtu if local else None,
        "address": sorted(observed.addresses.get(found.ifindex, ())),
        "connect": [[names.get(a, a), names.get(b, b)] for a, b in sorted(pairs)],
        "ports": [
            {"port_no": vport.port_no, "name": vport.name, "type": VPORT_TYPES.get(vport.type)}
            for vport in sorted(found.vports, key=lambda vport: vport.port_no)
        ],
    }


def datapaths(observed: Observed) -> dict[str, dict[str, Any]]:
    """Every datapath of a snapshot, by name."""
    return {name: datapath(found, observed) for name, found in observed.datapaths.items()}
