# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``ovs_vxlan_info`` does between its parameters and its result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core import validate
from ..core.errors import EnvironmentProblem, InputError
from ..kernel.namespace import enter_netns
from ..ovsdb.remote import DEFAULT, Keys, Remote, parse
from . import database, echo, verdicts, view
from .gather import Gatherer
from .judge import judge, status, unsettled
from .model import Echo, Expected, Path, Snapshot, Verdict

SECTIONS = ("datapaths", "devices", "bridges", "tunnels", "udp")
PROBES = ("none", "suspects", "all")
_PAUSE = 0.25


def expected(params: Mapping[str, Any]) -> Expected:
    """What the task says about what was declared.

    :raises InputError: an entry without a name, a name twice.
    """
    return Expected(
        _by_name(params.get("expected_ports"), "expected_ports"),
        _by_name(params.get("expected_tunnels"), "expected_tunnels"),
        params.get("owner"),
    )


def _by_name(
    entries: Sequence[Mapping[str, Any]] | None, what: str
) -> dict[str, Mapping[str, Any]] | None:
    if entries is None:
        return None
    found: dict[str, Mapping[str, Any]] = {}
    for index, entry in enumerate(entries):
        name = entry.get("name")
        if not name or name in found:
            problem = f"declares {name} a second time" if name else "has no name"
            raise InputError(
                f"{what}[{index}] {problem}", remedy="give every entry a name of its own"
            )
        found[str(name)] = entry
        for key in ("local_ip", "remote_ip"):
            if entry.get(key) not in (None, "flow"):
                validate.address(str(entry[key]), f"{what}[{index}] ({name})", key)
        for remote in entry.get("remotes") or ():
            validate.address(str(remote), f"{what}[{index}] ({name})", "remotes")
    return found


def database_of(params: Mapping[str, Any]) -> Remote | None:
    """The database; that of the host is no database of another network namespace."""
    keys = Keys(
        params.get("database_private_key"),
        params.get("database_certificate"),
        params.get("database_ca_cert"),
    )
    if params.get("database"):
        remote = parse(params["database"], keys)
        if not remote.local:
            raise InputError(
                f"database {params['database']} is on another host",
                remedy="run the task on the host that has the tunnels: verdicts need its kernel",
            )
        return remote
    return None if params.get("netns") else parse(DEFAULT)


class Look:
    """One look at a host: snapshots until what is wrong is not just passing."""

    def __init__(self, gatherer: Gatherer, wanted: Expected, probe: str) -> None:
        self._gatherer = gatherer
        self._wanted = wanted
        self._probe = probe
        self.warnings: list[str] = []

    def take(self, seconds: float) -> tuple[Snapshot, list[Verdict]]:
        """The last snapshot and its verdicts, after about ``seconds`` at most, and one probe."""
        end = time.monotonic() + seconds
        seen = self._gatherer.snapshot(self._wanted)
        echoes = self._ask(seen) if self._probe == "all" else {}
        while True:
            seen = replace(seen, around=replace(seen.around, echoes=echoes))
            found = judge(seen, self._wanted)
            asked = bool(echoes)
            if self._probe == "suspects" and not asked:
                echoes = self._ask(seen)
            if asked or not echoes:
                if not unsettled(found, asked) or time.monotonic() >= end:
                    return seen, found
                time.sleep(_PAUSE)
            seen = self._gatherer.snapshot(self._wanted)

    def _ask(self, seen: Snapshot) -> dict[Path, Echo]:
        paths = echo.sizes(seen, self._wanted)
        if self._probe == "suspects":
            paths = echo.suspects(seen, paths)
        if not paths:
            return {}
        try:
            return echo.ask(seen, paths)
        except EnvironmentProblem as problem:
            self._probe = "none"
            self.warnings.append(f"remotes were not pinged: {problem.message}")
            return {}


def apply(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Read, judge, show. Raises TunnelMeshError."""
    del check_mode  # reading is all there is
    wanted = expected(params)
    wait = validate.integer(params["wait_timeout"], 0, 3600, "ovs_vxlan_info", "wait_timeout")
    remote = database_of(params)
    enter_netns(params.get("netns"))
    gatherer = Gatherer(remote, params.get("netns") is None, params.get("baseline"))
    try:
        look = Look(gatherer, wanted, params["probe"])
        seen, found = look.take(wait)
    finally:
        gatherer.close()
    only = view.Filter(params.get("datapath"), params.get("bridge"), params.get("owner"))
    if seen.reason == database.DENIED:
        look.warnings.append("the database was not read: it takes root (become: true)")
    if view.unseen(seen):
        look.warnings.append(
            "who holds a UDP port was not told where it is the kernel or another user: that takes "
            "root (become: true)"
        )
    return _result(seen, verdicts.shown(found, only), only, params["gather"], look.warnings)


def _result(
    seen: Snapshot,
    found: Sequence[Verdict],
    only: view.Filter,
    sections: Sequence[str],
    warnings: Sequence[str],
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "changed": False,
        "status": status(finding for verdict in found for finding in verdict.findings),
        "summary": verdicts.summary(found),
        "problems": verdicts.problems(found),
        "verdicts": [verdicts.entry(verdict) for verdict in found],
        "host": view.host(seen),
        "counters": view.counters(seen),
        "warnings": list(warnings),
    }
    makers = {
        "datapaths": view.datapaths,
        "devices": view.devices,
        "bridges": view.bridges,
        "tunnels": view.tunnels,
    }
    for name, make in makers.items():
        if name in sections:
            shown[name] = make(seen, only)
    if "udp" in sections:
        shown["udp"] = view.udp(seen, view.udp_ports(seen))
    return shown
