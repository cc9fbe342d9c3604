# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two laws, for arbitrary databases and declarations, over the real protocol.

1. A plan that is carried out leaves nothing to plan, and is what was foreseen.
2. A failure leaves what was; a kill at any transaction, then the same run again, converges.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    ConflictError,
    InputError,
    OwnershipError,
    TunnelMeshError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.pipeline import run
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import Desired
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.plane import TunnelPlane
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.remote import parse
from tests.unit.core.profile import examples
from tests.unit.ovsdb.builders import declare, foreign_port, foreign_tunnel
from tests.unit.ovsdb.server import Server, serving

# Columns that say what somebody configured; the rest is what ovs-vswitchd reports.
REPORTED = {"ofport", "error", "mtu", "next_cfg", "cur_cfg"}

NAMES = st.sampled_from(["a", "b", "c", "d"])
TUNNELS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "bridge": st.sampled_from(["br0", "br1"]),
        "remote_ip": st.sampled_from(["198.18.0.2", "198.18.0.3", "198.18.0.4"]),
    },
    optional={
        "state": st.sampled_from(["present", "present", "absent"]),
        "key": st.sampled_from(["1", "2"]),
        "ttl": st.just("9"),
        "tag": st.sampled_from([1, 2]),
        "trunks": st.none(),
        "protected": st.booleans(),
        "bfd": st.just({"enable": True}),
        "external_ids": st.dictionaries(st.sampled_from(["x", "y"]), st.just("1")),
        "ofport_request": st.sampled_from([5, 6]),
    },
)
BRIDGES = st.fixed_dictionaries(
    {"name": st.sampled_from(["br0", "br1"])},
    optional={
        "fail_mode": st.sampled_from(["secure", "standalone"]),
        "mtu": st.sampled_from([1400, 1450]),
        "other_config": st.dictionaries(st.sampled_from(["x", "y"]), st.just("1")),
        "external_ids": st.dictionaries(st.sampled_from(["x", "y"]), st.just("1")),
        "state": st.sampled_from(["present", "present", "present", "absent"]),
        "force": st.just(True),
    },
)
TASKS = st.fixed_dictionaries(
    {
        "tunnels": st.lists(TUNNELS, max_size=4, unique_by=lambda one: one["name"]),
        "purge": st.booleans(),
        "adopt": st.booleans(),
    },
    optional={"bridges": st.lists(BRIDGES, max_size=2, unique_by=lambda one: one["name"])},
)
# The mark of ovs_access_port: such a port goes with its bridge, and never alone.
OURS = ["map", [["tunnelmesh-owner", "default"]]]
FIRST = {"bridges": [{"name": "br0"}, {"name": "br1"}], "tunnels": []}


def _declared(task: dict[str, Any]) -> Desired | None:
    try:
        return declare(**task)
    except InputError:
        return None


def _plane(server: Server, wanted: Desired, wait: float = 20.0) -> TunnelPlane:
    return TunnelPlane(wanted, parse(f"unix:{server.path}"), None, wait, True)


def configured(server: Server) -> list[Any]:
    """All rows without identities and reports, references as names."""
    tables = server.database.tables
    names = {
        uuid: str(row.get("name", uuid)) for rows in tables.values() for uuid, row in rows.items()
    }

    def shown(value: Any) -> Any:
        if isinstance(value, list):
            if len(value) == 2 and value[0] == "uuid":
                return names[value[1]]
            inner = [shown(item) for item in value]
            return sorted(inner[1], key=str) if inner[:1] == ["set"] else inner
        return value

    return sorted(
        (
            [table, {key: shown(row[key]) for key in sorted(row) if key not in REPORTED}]
            for table, rows in tables.items()
            for row in rows.values()
        ),
        key=str,
    )


@contextmanager
def world(task: dict[str, Any]) -> Iterator[Server]:
    """A server with foreign rows, and with what an earlier task made."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        run(_plane(server, declare(**FIRST)), check_mode=False)
        bridges = {r["name"]: u for u, r in server.database.tables["Bridge"].items()}
        uuid = bridges["br0"]
        server.edit(foreign_tunnel(uuid, "f", options={"remote_ip": "198.18.0.4", "key": "2"}))
        server.edit(foreign_tunnel(uuid, "d", options={"remote_ip": "198.18.0.77"}))
        access = {"name": "if1", "type": "internal", "external_ids": OURS}
        server.edit(foreign_port(bridges["br1"], access))
        server.edit(foreign_port(uuid, {"name": "eth7", "lldp": ["map", [["enable", "true"]]]}))
        earlier = _declared(task)
        if earlier is not None:
            with suppress(TunnelMeshError):
                run(_plane(server, earlier), check_mode=False)
        yield server


@given(TASKS, TASKS)
@examples(60)
def test_law_one(earlier: dict[str, Any], task: dict[str, Any]) -> None:
    wanted = _declared(task)
    if wanted is None:
        return
    with world(earlier) as server:
        try:
            foreseen = run(_plane(server, wanted), check_mode=True)
        except (ConflictError, OwnershipError):
            before = configured(server)
            with pytest.raises((ConflictError, OwnershipError)):
                run(_plane(server, wanted), check_mode=False)
            assert configured(server) == before
            return
        count = len(server.transactions)
        done = run(_plane(server, wanted), check_mode=False)
        assert [one.action() for one in done.steps] == [one.action() for one in foreseen.steps]
        assert view.everything(done.after) == view.everything(foreseen.after)
        if not done.steps:
            assert len(server.transactions) == count
        again = run(_plane(server, wanted), check_mode=False)
        assert again.steps == ()


@given(TASKS, TASKS)
@examples(60)
def test_law_two_a_failure_leaves_what_was(earlier: dict[str, Any], task: dict[str, Any]) -> None:
    wanted = _declared(task)
    if wanted is None:
        return
    with world(earlier) as server:
        before = configured(server)
        server.vswitchd.refuses = lambda _name: "no such device, says the kernel"
        failed: TunnelMeshError | None = None
        try:
            run(_plane(server, wanted), check_mode=False)
        except TunnelMeshError as failure:
            failed = failure
        if failed is not None:
            assert "leftovers" not in failed.details
            assert configured(server) == before


@given(TASKS, TASKS, st.integers(0, 3))
@examples(60)
def test_law_two_a_kill_then_the_same_run_converges(
    earlier: dict[str, Any], task: dict[str, Any], answered: int
) -> None:
    wanted = _declared(task)
    if wanted is None:
        return
    with world(earlier) as server:
        server.dies_after = len(server.transactions) + answered
        try:
            run(_plane(server, wanted), check_mode=False, rollback=False)
        except (ConflictError, OwnershipError):
            return
        except ApplyError:
            pass
        server.dies_after = None
        run(_plane(server, wanted), check_mode=False)
        assert run(_plane(server, wanted), check_mode=True).steps == ()


@given(TASKS, TASKS)
@examples(40)
def test_foreign_rows_are_never_touched(earlier: dict[str, Any], task: dict[str, Any]) -> None:
    wanted = _declared({**task, "adopt": False})
    if wanted is None or any(one.force for one in wanted.bridges):
        return
    with world({**earlier, "adopt": False}) as server:
        tables = server.database.tables

        def foreign() -> list[Any]:
            return [
                {key: value for key, value in row.items() if key not in REPORTED}
                for table in ("Interface", "Port")
                for row in tables[table].values()
                if row["name"] in ("f", "d", "eth7")
            ]

        before = foreign()
        with suppress(TunnelMeshError):
            run(_plane(server, wanted), check_mode=False)
        assert foreign() == before
