# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The database's side of access ports: one transaction of selects, one of changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.ownership import EXTERNAL_ID_OWNER
from ..core.steps import Plan, Step
from ..ovsdb import atoms, database
from ..ovsdb.jsonrpc import Connection, Deadline, DeadlinePassed, ProtocolError
from ..ovsdb.remote import Remote
from ..ovsdb.transact import bump
from .model import Observed, Port, Spec

Operation = dict[str, Any]
Rows = list[dict[str, Any]]
# Seconds to open a connection; for an answer of ovsdb-server, and for ovs-vswitchd to follow.
CONNECT, WAIT = 10.0, 60.0


def _select(table: str, *columns: str) -> Operation:
    return {"op": "select", "table": table, "where": [], "columns": ["_uuid", *columns]}


def read(remote: Remote) -> Observed:
    """All bridges and ports, without what only the kernel knows."""
    results = _transact(
        remote,
        [
            _select("Open_vSwitch", "next_cfg"),
            _select("Bridge", "name", "ports"),
            _select("Port", "name", "interfaces", "tag"),
            _select("Interface", "name", "type", "mtu_request", "external_ids", "error"),
        ],
    )
    try:
        return _observed(*([*result["rows"]] for result in results))
    except database.UNREADABLE as error:
        raise database.unreadable(remote, error) from error


def _observed(roots: Rows, bridges: Rows, ports: Rows, interfaces: Rows) -> Observed:
    bridge_of = {uuid: row["name"] for row in bridges for uuid in atoms.members(row["ports"])}
    interface = {atoms.reference(row["_uuid"]): row for row in interfaces}
    found = {}
    for row in ports:
        uuid = atoms.reference(row["_uuid"])
        first = interface[atoms.members(row["interfaces"])[0]]
        found[row["name"]] = Port(
            name=row["name"],
            bridge=bridge_of.get(uuid, ""),
            kind=first["type"],
            tag=atoms.optional(row["tag"]),
            owner=atoms.mapping(first["external_ids"]).get(EXTERNAL_ID_OWNER),
            requested_mtu=atoms.optional(first["mtu_request"]),
            port_uuid=uuid,
            interface_uuid=atoms.reference(first["_uuid"]),
            error=atoms.optional(first["error"]) or "",
        )
    named = {row["name"]: atoms.reference(row["_uuid"]) for row in bridges}
    return Observed(atoms.reference(roots[0]["_uuid"]), named, found)


def commit(remote: Remote, steps: Plan, observed: Observed, done: list[Step]) -> None:
    """Carry out the steps in one transaction, and wait for ovs-vswitchd.

    :param done: gets the steps that took effect, or may have: the answer was lost.

    :raises LostRace: somebody else was faster; nothing was changed.
    :raises ApplyError: the database or ovs-vswitchd does not answer as it should.
    """
    operations: list[Operation] = []
    for index, step in enumerate(steps):
        operations += _operations(step, observed, index)
    try:
        results = _transact(remote, [*operations, *bump(observed.root)])
    except (DeadlinePassed, ProtocolError):
        done.extend(steps)
        raise
    done.extend(steps)
    database.wait_confirmed(remote, database.counted(remote, results), WAIT)


def _transact(remote: Remote, operations: list[Operation]) -> list[Any]:
    with Connection(remote, Deadline(CONNECT)) as connection:
        return database.transact(connection, operations, WAIT)


def _operations(step: Step, observed: Observed, index: int) -> Iterable[Operation]:
    if step.op == "create":
        return _create(step.args["spec"], step.args["owner"], observed, index)
    before: Port = step.args["before"]
    if step.op == "delete":
        gone = ["ports", "delete", atoms.references([atoms.uuid(before.port_uuid)])]
        return [_guard(before), _mutate(observed.bridges[before.bridge], gone)]
    spec: Spec = step.args["spec"]
    operations = [_guard(before), _update("Port", before.port_uuid, {"tag": spec.tag})]
    if spec.mtu is not None:
        operations.append(_update("Interface", before.interface_uuid, {"mtu_request": spec.mtu}))
    return operations


def _create(spec: Spec, owner: str, observed: Observed, index: int) -> list[Operation]:
    interface = {
        "name": spec.name,
        "type": "internal",
        "mtu_request": spec.mtu,
        "external_ids": {EXTERNAL_ID_OWNER: owner},
    }
    port = {"name": spec.name, "tag": spec.tag, "interfaces": atoms.named(f"i{index}")}
    added = ["ports", "insert", atoms.references([atoms.named(f"p{index}")])]
    return [
        {
            "op": "insert",
            "table": "Interface",
            "uuid-name": f"i{index}",
            "row": atoms.row(interface),
        },
        {"op": "insert", "table": "Port", "uuid-name": f"p{index}", "row": atoms.row(port)},
        _mutate(observed.bridges[spec.bridge], added),
    ]


def _guard(port: Port) -> Operation:
    """The port is still the one that was read, or the transaction fails as a lost race."""
    return {
        "op": "wait",
        "timeout": 0,
        "table": "Port",
        "where": atoms.where(port.port_uuid),
        "columns": ["name", "tag"],
        "until": "==",
        "rows": [atoms.row({"name": port.name, "tag": port.tag})],
    }


def _mutate(bridge: str, mutation: list[Any]) -> Operation:
    found = {"table": "Bridge", "where": atoms.where(bridge)}
    return {"op": "mutate", **found, "mutations": [mutation]}


def _update(table: str, uuid: str, columns: dict[str, Any]) -> Operation:
    found = {"table": table, "where": atoms.where(uuid)}
    return {"op": "update", **found, "row": atoms.row(columns)}
