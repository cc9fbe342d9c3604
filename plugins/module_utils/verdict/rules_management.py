# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems of the management plane: the database, ovs-vswitchd, and what it says of a row; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from ..ovsdb import options
from ..ovsdb.drift import SYSTEM
from ..ovsdb.model import Tunnel
from .holders import holders
from .model import Expected, Finding, Snapshot, Subject

# Declared option -> key of the column, and how a declared value is written there.
_COMPARED = {
    "remote_ip": "remote_ip",
    "local_ip": "local_ip",
    "key": "key",
    "in_key": "in_key",
    "out_key": "out_key",
}
_NUMBERS = {
    "key": (0, (1 << 24) - 1, "flow"),
    "in_key": (0, (1 << 24) - 1, "flow"),
    "out_key": (0, (1 << 24) - 1, "flow"),
    "ttl": (0, 255, "inherit"),
    "tos": (0, 252, "inherit"),
    "dst_port": (0, 65535, ""),
}
# So many packets may be lost without there being anything wrong.
FEW_UPCALLS = 3


def host(seen: Snapshot, expected: Expected) -> Iterator[Finding]:
    """What is wrong with the daemons; it concerns every tunnel of the host."""
    if not seen.openvswitch and _needs_module(seen, expected):
        yield Finding("module_missing")
    if seen.database is None:
        if seen.asked and SYSTEM in seen.kernel.datapaths:
            yield Finding("database_unreachable", facts={"datapath": SYSTEM, "reason": seen.reason})
        return
    rows = seen.database.rows
    complaint = seen.daemon.complaint()
    if not seen.daemon.pid:
        if rows.bridges:
            yield Finding("vswitchd_not_running")
    elif complaint or rows.cur_cfg < rows.next_cfg:
        culprit = complaint or f"ovs-vswitchd (pid {seen.daemon.pid}) is running, but busy or hung"
        facts = {"next_cfg": rows.next_cfg, "cur_cfg": rows.cur_cfg}
        yield Finding("vswitchd_hung", culprit, facts)
    else:
        yield from _upcalls(seen)


def _upcalls(seen: Snapshot) -> Iterator[Finding]:
    """A datapath all of whose upcalls failed: ovs_dp_upcall(), net/openvswitch/datapath.c.

    Some fail whenever ovs-vswitchd restarts, or is overrun for a moment. So it has to be all since
    the datapath exists: one that was taken clears ovs-vswitchd.
    """
    found = seen.kernel.datapaths.get(SYSTEM)
    missed, lost = found.upcalls if found else (0, 0)
    if lost == missed >= FEW_UPCALLS:
        yield Finding("upcalls_lost", SYSTEM, {"datapath": SYSTEM, "count": lost})


def _needs_module(seen: Snapshot, expected: Expected) -> bool:
    ports = (expected.ports or {}).values()
    if any(port.get("state", "present") == "present" for port in ports):
        return True
    bridges = seen.database.rows.bridges if seen.database else {}
    return any(bridge.datapath_type == "system" for bridge in bridges.values())


def tunnel(seen: Snapshot, expected: Expected, subject: Subject) -> Iterator[Finding]:
    """What is wrong with a row of the database, or with there being none."""
    declared = (expected.tunnels or {}).get(subject.name)
    if subject.row is None:
        yield Finding("tunnel_missing", facts={"name": subject.name})
        return
    differences = _differences(subject.row, declared or {})
    if differences:
        facts = {"name": subject.name, "differences": "; ".join(differences)}
        yield Finding("tunnel_differs", facts=facts)
    for option, value in _ignored(subject.row):
        facts = {"name": subject.name, "option": option, "value": value}
        yield Finding("option_ignored", facts=facts)
    if subject.row.broken:
        yield _refused(seen, subject, subject.row)
    elif subject.row.ofport is None and not any(host(seen, expected)):
        yield Finding("no_ofport", facts={"name": subject.name})
    complete = expected.tunnels is not None and bool(expected.owner)
    if complete and declared is None and expected.owner == subject.owner:
        yield Finding("undeclared", facts={"name": subject.name, "owner": subject.owner})


def _differences(row: Tunnel, declared: Mapping[str, Any]) -> list[str]:
    found = []
    if declared.get("bridge") and declared["bridge"] != row.bridge:
        found.append(f"bridge is {row.bridge}, declared {declared['bridge']}")
    for name, key in _COMPARED.items():
        if declared.get(name) is not None and not _same(row.options.get(key), declared[name]):
            found.append(f"{name} is {row.options.get(key)}, declared {declared[name]}")
    port = declared.get("dst_port")
    if port is not None and options.dst_port(row.options) != int(port):
        found.append(f"dst_port is {options.dst_port(row.options)}, declared {port}")
    wanted = declared.get("extensions")
    if wanted is not None and options.extensions(row.options) != frozenset(wanted):
        seen = ",".join(sorted(options.extensions(row.options))) or "none"
        found.append(f"extensions are {seen}, declared {','.join(sorted(wanted)) or 'none'}")
    return found


def _same(text: str | None, declared: Any) -> bool:
    """Equal as text, as address or as number."""
    return text is not None and _canonical(text) == _canonical(str(declared))


def _canonical(text: str) -> object:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return int(text, 0)
    except ValueError:
        return text


def _ignored(row: Tunnel) -> Iterator[tuple[str, str]]:
    """Values that set_tunnel_config(), lib/netdev-vport.c, takes and then does not use."""
    local = row.options.get("local_ip")
    if local not in (None, "flow"):
        try:
            ipaddress.ip_address(local or "")
        except ValueError:
            yield "local_ip", local or ""
    for name, (low, high, word) in _NUMBERS.items():
        text = row.options.get(name)
        if text is None or text == word:
            continue
        try:
            fits = low <= int(text, 0) <= high
        except ValueError:
            fits = False
        if not fits:
            yield name, text


def _refused(seen: Snapshot, subject: Subject, row: Tunnel) -> Finding:
    """From the words of ovs-vswitchd to a code."""
    facts = {"name": row.name, "dst_port": subject.dst_port}
    others = [
        other
        for other in seen.rows.tunnels.values()
        if other.name != row.name and options.dst_port(other.options) == subject.dst_port
    ]
    twin = next(
        (one for one in others if options.identity(one.options) == options.identity(row.options)),
        None,
    )
    if "File exists" in row.error and twin is not None:
        return Finding("duplicate_tunnel", _where(twin), facts)
    if "Address already in use" in row.error or "File exists" in row.error:
        own = {f"vxlan_sys_{subject.dst_port}"}
        return Finding("udp_port_held", holders(seen, subject.dst_port, own), facts)
    if "same dst_port" in row.error:
        other = next((one for one in others if not one.broken), None)
        return Finding("extensions_conflict", _where(other) if other else None, facts)
    if "Address family not supported" in row.error:
        facts = {"name": row.name, "sysctl": "net.ipv6.conf.all.disable_ipv6", "device": "it"}
        return Finding("ipv6_disabled", row.error, facts)
    reason = row.error or f"ofport {row.ofport} and no reason (is the name reserved?)"
    return Finding("tunnel_refused", facts={"name": row.name, "reason": reason})


def _where(other: Tunnel) -> str:
    owner = f", owner {other.owner}" if other.owner else ""
    return f"port {other.name} on bridge {other.bridge}{owner}"
