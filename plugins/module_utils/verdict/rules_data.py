# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems of the data plane: devices, vports, flood lists and flows; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from ..kernel.model import Link, PortState
from ..ovsdb import options
from .holders import holders
from .model import PORT, TUNNEL, Expected, Finding, Snapshot, Subject
from .subjects import system_device, users

# Upcall port of a vport that is a token of ours instead: core/ownership.py token().
_TOKENS = range(0x40000000, 0x80000000)


def tunnel(seen: Snapshot, expected: Expected, subject: Subject) -> Iterator[Finding]:
    """The device behind a tunnel that the database calls good."""
    del expected
    row = subject.row
    if row is None or row.broken or row.ofport is None:
        return
    if not subject.datapath:
        if seen.listening is not None and subject.dst_port not in seen.listening:
            what = f"UDP port {subject.dst_port} of the userspace datapath"
            yield Finding("device_missing", facts={"ofport": row.ofport, "device": what})
        return
    if not seen.openvswitch:
        return
    name = f"vxlan_sys_{subject.dst_port}"
    if subject.device is None:
        yield Finding("device_missing", name, {"ofport": row.ofport, "device": name})
        return
    differences = _system_differences(subject)
    if differences:
        facts = {"device": name, "differences": "; ".join(differences)}
        yield Finding("device_differs", name, facts)
        return
    yield from _link(seen, subject, subject.device, True)


def _system_differences(subject: Subject) -> list[str]:
    """What is not as dpif_netlink_rtnl_vxlan_create(), lib/dpif-netlink-rtnl.c, makes it."""
    device, row = subject.device, subject.row
    if device is None or row is None:
        return []
    if device.kind != "vxlan":
        return [f"it is of kind {device.kind or 'unknown'}, not vxlan"]
    found = []
    if not device.attrs["external"]:
        found.append(f"it has VNI {device.attrs['vni']} instead of taking it from OVS (external)")
    if device.attrs["dst_port"] != subject.dst_port:
        found.append(f"dst_port is {device.attrs['dst_port']}, not {subject.dst_port}")
    for name in ("gbp", "gpe"):
        wanted = name in options.extensions(row.options)
        if bool(device.attrs[name]) != wanted:
            found.append(f"{name} is {_word(not wanted)}, {row.name} has it {_word(wanted)}")
    return found


def port(seen: Snapshot, expected: Expected, subject: Subject) -> Iterator[Finding]:
    """A VXLAN port of the kernel plane."""
    declared = (expected.ports or {}).get(subject.name, {})
    if subject.device is None or subject.state is None:
        if seen.openvswitch:
            yield Finding("port_missing", facts={"name": subject.name})
        return
    if system_device(subject.name) is not None and not declared and subject.owner is None:
        if seen.database is not None and not users(seen, subject.device):
            yield Finding("stale_device", facts={"device": subject.name})
        return
    yield from _undeclared(expected, subject)
    differences = _port_differences(subject.state, declared)
    if differences:
        facts = {"device": subject.name, "differences": "; ".join(differences)}
        yield Finding("device_differs", subject.name, facts)
    wanted = declared.get("state", "present") == "present"
    yield from _link(seen, subject, subject.device, wanted)
    yield from _flood(subject.name, subject.state, declared)
    yield from _flows(seen, subject)


def _undeclared(expected: Expected, subject: Subject) -> Iterator[Finding]:
    if expected.ports is None or not expected.owner or expected.owner != subject.owner:
        return
    if expected.ports.get(subject.name, {"state": "absent"}).get("state") == "absent":
        yield Finding("undeclared", facts={"name": subject.name, "owner": subject.owner})


def _port_differences(state: PortState, declared: Mapping[str, Any]) -> list[str]:
    found = []
    for name in ("dst_port", "vni"):
        wanted = declared.get(name)
        seen = None if name == "vni" and state.attrs["external"] else state.attrs[name]
        if wanted is not None and seen != int(wanted):
            found.append(f"{name} is {seen}, declared {wanted}")
    local = declared.get("local_ip")
    if local is not None and state.attrs["local_ip"] != str(ipaddress.ip_address(local)):
        found.append(f"local_ip is {state.attrs['local_ip']}, declared {local}")
    if declared:
        wanted_names = set(declared.get("extensions") or ())
        found += [
            f"{name} is {_word(state.attrs[name])}, declared {_word(name in wanted_names)}"
            for name in ("gbp", "gpe")
            if bool(state.attrs[name]) != (name in wanted_names)
        ]
    return found


def _word(value: Any) -> str:
    return "on" if value else "off"


def _link(seen: Snapshot, subject: Subject, device: Link, wanted: bool) -> Iterator[Finding]:
    """Whether a device is linked to its datapath, up, and has its sockets."""
    found = seen.vports.get(device.ifindex)
    facts: dict[str, Any] = {"device": device.name, "datapath": subject.datapath}
    if found is None and device.master and device.slave_kind != "openvswitch":
        master = seen.kernel.links.get(device.master)
        text = f"{master.name if master else device.master} ({device.slave_kind})"
        yield Finding("device_elsewhere", text, {**facts, "found": text})
    elif found is None and wanted and seen.openvswitch:
        yield Finding("device_detached", device.name, facts)
    elif found is not None and subject.datapath and found[0].name != subject.datapath:
        text = f"datapath {found[0].name}"
        yield Finding("device_elsewhere", text, {**facts, "found": text})
    if not device.up:
        yield from _held(seen, subject, device)
        yield Finding("device_down", device.name, {"device": device.name})
    elif device.netnsid is None:
        yield from _sockets(seen, subject, device)


def _held(seen: Snapshot, subject: Subject, device: Link) -> Iterator[Finding]:
    """A device that is down may not come up because somebody else has its UDP port."""
    holder = holders(seen, subject.dst_port, _friends(seen, subject))
    if holder is not None:
        facts = {"name": device.name, "dst_port": subject.dst_port}
        yield Finding("udp_port_held", holder, facts)


def _friends(seen: Snapshot, subject: Subject) -> set[str]:
    """Devices that share a socket with the subject's: same port, same flags."""
    if subject.device is None:
        return set()
    names = set()
    for link in seen.kernel.links.values():
        if link.kind == "vxlan" and all(
            link.attrs[flag] == subject.device.attrs.get(flag) for flag in _SHARED
        ):
            names.add(link.name)
    return names


_SHARED = ("dst_port", "gbp", "gpe", "external", "udp_zero_csum6_rx")


def _sockets(seen: Snapshot, subject: Subject, device: Link) -> Iterator[Finding]:
    """The UDP sockets that an up device has to hold: vxlan_sock_add(), drivers/net/vxlan.

    An external one holds a socket of either family; made before IPv6 came, it lacks that one.
    """
    families = {path.family for path in subject.paths}
    if subject.kind == PORT and subject.state is not None and not families:
        families = {4, 6} if device.attrs.get("external") else {subject.state.family or 4}
    for family in sorted(families):
        if (family, subject.dst_port) in seen.kernel.udp:
            continue
        if family == 6 and seen.around.ipv6_off & {"module", "all"}:
            continue  # said by the rules of the underlay
        facts = {"device": device.name, "family": family, "dst_port": subject.dst_port}
        yield Finding("socket_missing", device.name, facts)


def _flood(name: str, state: PortState, declared: Mapping[str, Any]) -> Iterator[Finding]:
    """The flood list against the declared remotes, and against the device's own group.

    IFLA_VXLAN_GROUP goes on showing a remote whose FDB entry was deleted: the FDB is the truth.
    """
    flood = state.flood or frozenset()
    wanted = declared.get("remotes")
    members = (
        {str(ipaddress.ip_address(one)) for one in wanted}
        if wanted is not None
        else set(flood) | ({state.attrs["group"]} - {None})
    )
    missing, extra = sorted(members - flood), sorted(flood - members)
    texts = []
    if missing:
        texts.append(f"missing {', '.join(missing)}")
    if extra:
        texts.append(f"superfluous {', '.join(extra)}")
    facts = {"name": name, "differences": "; ".join(texts)}
    for remote in missing:
        yield Finding("flood_differs", None, facts, remote)
    if extra and not missing:
        yield Finding("flood_differs", None, facts)


def _flows(seen: Snapshot, subject: Subject) -> Iterator[Finding]:
    """Without ovs-vswitchd a port carries only what flows of the kernel send through it."""
    found = seen.vports.get(subject.device.ifindex) if subject.device else None
    if found is None or found[0].vswitchd or found[0].name != subject.datapath:
        return
    datapath, vport = found
    handled = [one.upcall_pid for one in datapath.vports]
    if any(pid and pid not in _TOKENS for pid in handled):
        return  # somebody answers upcalls and makes flows as packets come
    ends = {"from": [flow.in_port for flow in datapath.flows]}
    ends["to"] = [flow.output for flow in datapath.flows]
    missing = [
        way for way in ("to", "from") if vport.port_no not in ends[way] and None not in ends[way]
    ]
    if missing:
        facts = {"datapath": datapath.name, "name": vport.name, "direction": " or ".join(missing)}
        yield Finding("not_connected", datapath.name, facts)


RULES = {TUNNEL: tunnel, PORT: port}
