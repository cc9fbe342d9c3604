"""Meshes of any size as their hosts would see them, whole or broken, without any host.

Everything goes through the pure parts that a real run uses: the plan, the condensed records, the
merge. Only the results of the modules are made up here.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import host, plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet.model import Fleet
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import merge, record
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.model import Record, Report
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import CODES
from tests.conftest import ROOT

TEMPLATE = ROOT / "roles/vxlan_mesh/templates/report/page.html.j2"
AT = "2026-11-25T08:30:00Z"
Broken = Mapping[str, list[dict[str, Any]]]


def fleet(count: int, backend: str = "ovsdb", names: Iterable[str] = (), **segment: Any) -> Fleet:
    """A planned mesh of hosts hv1, hv2 and so on, or of these names."""
    listed = [*names] or [f"hv{number}" for number in range(1, count + 1)]
    members = {
        name: {
            "endpoint": f"192.0.{2 + index // 250}.{1 + index % 250}",
            "backend": backend,
            "addresses": {"lab": f"10.0.{index // 250}.{1 + index % 250}/16"},
            "underlay_mtu": 1500,
        }
        for index, name in enumerate(listed)
    }
    return plan.build(members, {"segments": [{"name": "lab", "vni": 100, **segment}]})


def problem(code: str, remote: str | None = None, **facts: Any) -> dict[str, Any]:
    """A problem as ovs_vxlan_info words it."""
    entry = CODES[code]
    return {
        "code": code,
        "plane": entry.plane,
        "severity": entry.severity,
        "cause": entry.cause.format(**facts),
        "culprit": facts.get("device"),
        "remedy": entry.remedy.format(**facts),
        "remote": remote,
    }


def verdict(
    kind: str, name: str, remotes: list[str], found: list[dict[str, Any]]
) -> dict[str, Any]:
    """An entry of ``verdicts``."""
    status = "ok"
    if found:
        status = "broken" if any(p["severity"] == "broken" for p in found) else "warning"
    entry = {"kind": kind, "name": name, "remotes": remotes, "status": status}
    return {**entry, "problems": found} if found else entry


def info(mesh: Fleet, name: str, found: Broken) -> dict[str, Any]:
    """The result of ovs_vxlan_info on a host.

    :param found: name of a tunnel or port, ``host``, or ``*`` for all tunnels -> problems.
    """
    part = host.part(mesh, name)
    system = {"name": "vxlan_sys_4789", "up": True, "datapath": "ovs-system", "port_no": 1}
    verdicts = [verdict("host", "host", [], found.get("host", []))]
    tunnels, devices = [], []
    for number, row in enumerate(part["tunnels"], 1):
        bad = [*found.get(row["name"], ()), *found.get("*", ())]
        verdicts.append(verdict("tunnel", row["name"], [row["remote_ip"]], bad))
        vport = {**system, "up": not any(one["code"] == "device_down" for one in bad)}
        tunnels.append({"name": row["name"], "ofport": number, "key": 100, "vport": vport})
    for row in part["ports"]:
        bad = [*found.get(row["name"], ()), *found.get("*", ())]
        verdicts.append(verdict("port", row["name"], row["remotes"], bad))
        shown = {"name": row["name"], "up": True, "datapath": row["datapath"], "port_no": 1}
        devices.append({**shown, "vni": row["vni"], "remotes": row["remotes"]})
    return {"verdicts": verdicts, "tunnels": tunnels, "devices": devices}


def pings(
    mesh: Fleet, name: str, silent: Iterable[str] = (), large: Mapping[str, int] | None = None
) -> list[dict[str, Any]]:
    """``peers`` of overlay_ping: ``silent`` do not answer, ``large`` pass only so many bytes."""
    dice = random.Random(name)
    rows = []
    for overlay in host.part(mesh, name)["overlays"]:
        for peer in overlay["peers"]:
            rtt = round(dice.uniform(0.3, 1.4), 2)
            row = {
                "segment": overlay["segment"],
                "host": peer["host"],
                "address": peer["address"],
                "mtu": overlay["mtu"],
                "rtt_ms": rtt,
                "rtt_max_ms": rtt * 2,
                "loss": 0.0,
                "largest": overlay["mtu"],
                "oversize": "refused",
                "verdict": "ok",
            }
            bad = {"rtt_ms": None, "rtt_max_ms": None, "loss": 100.0, "largest": None}
            if peer["host"] in silent:
                row.update(bad, verdict="no answer")
            elif peer["host"] in (large or {}):
                row.update(bad, largest=(large or {})[peer["host"]], verdict="small packets pass")
            rows.append(row)
    return rows


def seen(mesh: Fleet, name: str, found: Broken | None = None, **bad: Any) -> Record:
    """What a host saw, through the string that it is handed on as."""
    condensed = record.condense(mesh, name, info(mesh, name, found or {}), pings(mesh, name, **bad))
    return record.load(record.dump(condensed))


def report(mesh: Fleet, bad: Mapping[str, Record] | None = None) -> Report:
    """The report on a mesh whose hosts are all well, but for those of ``bad``."""
    records = {name: (bad or {}).get(name) or seen(mesh, name) for name in mesh.members}
    return merge.merge(mesh, records, [*mesh.members], AT, 4.2)


DOWN = problem("device_down", device="vxlan_sys_4789")


def _of(count: int) -> Fleet:
    """Large ones with a single port per host, which is quicker."""
    return fleet(count, "kernel" if count > 100 else "ovsdb")


@functools.cache
def healthy(count: int) -> Report:
    """All is well."""
    return report(_of(count))


@functools.cache
def broken(count: int) -> Report:
    """The last host has a dead data plane, and the first two a path of too small an MTU.

    In a mesh of more than three hosts one more cannot be looked at, and does not answer either,
    and one port shows damaged packets.
    """
    mesh = _of(count)
    names = [*mesh.members]
    one, other, last = names[0], names[1], names[-1]
    dead = {last}
    bad: dict[str, Record] = {}
    if count > 3:
        dead.add(names[count // 2])
        bad[names[count // 2]] = record.load(
            record.dump(Record(names[count // 2], "ssh: connect to host: No route to host"))
        )
    for name in names:
        if name not in dead:
            bad[name] = seen(mesh, name, silent=dead)
    bad[one] = seen(mesh, one, silent=dead, large={other: 1372})
    bad[other] = seen(mesh, other, silent=dead, large={one: 1372})
    if count > 3:
        port = f"vx100-{one}" if count <= 100 else "vx100"
        warned = {port: [problem("decap_errors", device="vxlan_sys_4789", count=212)]}
        bad[names[2]] = seen(mesh, names[2], warned, silent=dead)
    bad[last] = seen(mesh, last, {"*": [DOWN]}, silent=names)
    return report(mesh, bad)


def picture() -> Report:
    """The mesh of the picture in the README: a dead data plane, a short path, a warning."""
    names = ["ams1", "ams2", "fra1", "fra2", "lon1", "lon2", "par1", "par2"]
    mesh = fleet(len(names), names=names)
    bad = {name: seen(mesh, name, silent=["fra2"]) for name in names}
    bad["ams1"] = seen(mesh, "ams1", silent=["fra2"], large={"lon2": 1372})
    bad["lon2"] = seen(mesh, "lon2", silent=["fra2"], large={"ams1": 1372})
    bad["fra2"] = seen(mesh, "fra2", {"*": [DOWN]}, silent=names)
    errors = problem("decap_errors", device="vxlan_sys_4789", count=212)
    bad["par1"] = seen(mesh, "par1", {"vx100-par2": [errors]}, silent=["fra2"])
    return report(mesh, bad)
