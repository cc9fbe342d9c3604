# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations of a transaction, collected; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import atoms, rows
from .model import Observed

Operation = dict[str, Any]
# A row that a transaction copied before it deleted it: table, UUID, columns.
Copied = tuple[str, str, Mapping[str, Any]]


class Operations:
    """Guards and changes; what is linked to one bridge or to the root is sent as one."""

    def __init__(self, observed: Observed) -> None:
        self.guards: list[Operation] = []
        self.changes: list[Operation] = []
        self.observed = observed
        self._names = 0
        self.added: dict[str, list[list[str]]] = {}
        self.removed: dict[str, list[list[str]]] = {}
        self.new_bridges: dict[str, str] = {}
        self.root: dict[str, list[list[str]]] = {"insert": [], "delete": []}

    def links(self) -> list[Operation]:
        """Ports into and out of bridges, bridges into and out of the root."""
        operations: list[Operation] = []
        for mutator, found in (("delete", self.removed), ("insert", self.added)):
            for bridge, ports in found.items():
                mutation = ["ports", mutator, atoms.references(ports)]
                where = [["_uuid", "==", self._bridge(bridge)]]
                operations.append(
                    {"op": "mutate", "table": "Bridge", "where": where, "mutations": [mutation]}
                )
        mutations = [
            ["bridges", mutator, atoms.references(found)]
            for mutator, found in self.root.items()
            if found
        ]
        if mutations:
            where = atoms.where(self.observed.root)
            operations.append(
                {"op": "mutate", "table": "Open_vSwitch", "where": where, "mutations": mutations}
            )
        return operations

    def insert(self, table: str, row: Mapping[str, Any]) -> list[str]:
        self._names += 1
        name = f"r{self._names}"
        self.changes.append(
            {"op": "insert", "table": table, "uuid-name": name, "row": atoms.row(row)}
        )
        return atoms.named(name)

    def reinsert(self, copied: Iterable[Copied]) -> dict[str, str]:
        names = {}
        for _table, uuid, _row in copied:
            self._names += 1
            names[uuid] = f"r{self._names}"
        for table, uuid, row in copied:
            self.changes.append(
                {
                    "op": "insert",
                    "table": table,
                    "uuid-name": names[uuid],
                    "row": rows.renamed(rows.configuration(table, row), names),
                }
            )
        return names

    def _bridge(self, name: str) -> list[str]:
        if name in self.new_bridges:
            return atoms.named(self.new_bridges[name])
        return atoms.uuid(self.observed.bridges[name].uuid)

    def link(self, bridge: str, port: list[str]) -> None:
        if bridge not in self.added and bridge not in self.new_bridges:
            # A mutation of a bridge that is gone would succeed and change nothing.
            self.guard("Bridge", self.observed.bridges[bridge].uuid, {"name": bridge})
        self.added.setdefault(bridge, []).append(port)

    def guard(self, table: str, uuid: str, expected: Mapping[str, Any]) -> None:
        self.guards.append(
            {
                "op": "wait",
                "timeout": 0,
                "table": table,
                "where": atoms.where(uuid),
                "columns": sorted(expected),
                "until": "==",
                "rows": [atoms.row(expected)],
            }
        )

    def update(
        self,
        table: str,
        uuid: str,
        names: Iterable[str],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        chosen = sorted(names)
        if not chosen:
            return
        self.guard(table, uuid, {name: before.get(name) for name in chosen})
        row = atoms.row({name: after[name] for name in chosen})
        self.changes.append(
            {"op": "update", "table": table, "where": atoms.where(uuid), "row": row}
        )

    def mutate_map(
        self,
        table: str,
        uuid: str,
        column: str,
        before: Mapping[str, str],
        after: Mapping[str, str],
    ) -> None:
        """Only the keys that differ: others may write theirs at the same time."""
        stale = [key for key in before if before[key] != after.get(key)]
        fresh = {key: value for key, value in after.items() if before.get(key) != value}
        mutations = []
        if stale:
            mutations.append([column, "delete", ["set", stale]])
        if fresh:
            mutations.append([column, "insert", atoms.encode(fresh)])
        if mutations:
            where = atoms.where(uuid)
            self.changes.append(
                {"op": "mutate", "table": table, "where": where, "mutations": mutations}
            )
