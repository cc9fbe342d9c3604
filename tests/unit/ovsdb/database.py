# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A database of its own for the management plane: the operations of RFC 7047 that it uses.

Rows, references, garbage collection and unique names behave as in ovsdb-server. A daemon that
gives out OpenFlow numbers stands for ovs-vswitchd; the rules by which it refuses are those that
were measured with 3.1 (see Executor._settle).
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
EMPTY_SET: list[Any] = ["set", []]
EMPTY_MAP: list[Any] = ["map", []]
DEFAULTS: dict[str, Row] = {
    "Open_vSwitch": {"bridges": EMPTY_SET, "next_cfg": 0, "cur_cfg": 0},
    "Bridge": {
        "name": "",
        "ports": EMPTY_SET,
        "other_config": EMPTY_MAP,
        "external_ids": EMPTY_MAP,
        "fail_mode": EMPTY_SET,
        "datapath_type": "",
        "mcast_snooping_enable": False,
        "controller": EMPTY_SET,
        "mirrors": EMPTY_SET,
        "netflow": EMPTY_SET,
        "sflow": EMPTY_SET,
        "ipfix": EMPTY_SET,
        "auto_attach": EMPTY_SET,
    },
    "Port": {
        "name": "",
        "interfaces": EMPTY_SET,
        "tag": EMPTY_SET,
        "trunks": EMPTY_SET,
        "vlan_mode": EMPTY_SET,
        "protected": False,
        "external_ids": EMPTY_MAP,
        "qos": EMPTY_SET,
    },
    "Interface": {
        "name": "",
        "type": "",
        "options": EMPTY_MAP,
        "bfd": EMPTY_MAP,
        "mac": EMPTY_SET,
        "ofport_request": EMPTY_SET,
        "external_ids": EMPTY_MAP,
        "ofport": EMPTY_SET,
        "error": EMPTY_SET,
        "mtu_request": EMPTY_SET,
        "mtu": EMPTY_SET,
        "lldp": EMPTY_MAP,
    },
    "Controller": {"target": "", "is_connected": False},
}
# Rows that only live as long as somebody refers to them: (table, column) that may.
OWNERS = {
    "Bridge": [("Open_vSwitch", "bridges")],
    "Port": [("Bridge", "ports")],
    "Interface": [("Port", "interfaces")],
    "Controller": [("Bridge", "controller")],
}


class Refused(Exception):
    """An operation failed; the whole transaction is undone."""

    def __init__(self, error: str, details: str = "") -> None:
        super().__init__(error)
        self.answer = {"error": error, "details": details}


def members(value: Any) -> list[Any]:
    """A set column as a list."""
    is_set = isinstance(value, list) and len(value) == 2 and value[0] == "set"
    return list(value[1]) if is_set else [value]


def packed(found: list[Any]) -> Any:
    """A list as a set column: a set of one is written bare, as ovsdb-server does."""
    return found[0] if len(found) == 1 else ["set", sorted(found, key=json.dumps)]


def normal(value: Any) -> Any:
    """Sets and maps in a fixed order, so that equal values compare equal."""
    if isinstance(value, list) and len(value) == 2 and value[0] == "set":
        return packed(value[1])
    if isinstance(value, list) and len(value) == 2 and value[0] == "map":
        return ["map", sorted(value[1])]
    return value


class Database:
    """Tables of rows by UUID."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in DEFAULTS}
        self.root = self._new("Open_vSwitch", {})

    def _new(self, table: str, row: Row) -> str:
        name = str(uuid.uuid4())
        unknown = set(row) - set(DEFAULTS[table])
        if unknown:
            raise Refused("syntax error", f"No column {sorted(unknown)} in table {table}")
        self.tables[table][name] = {**copy.deepcopy(DEFAULTS[table]), **row}
        return name

    def transact(self, operations: list[Row]) -> list[Any]:
        """Carry out operations in order, all or none."""
        saved = copy.deepcopy(self.tables)
        names: dict[str, str] = {}
        results: list[Any] = []
        try:
            for operation in operations:
                method: Callable[[Row, dict[str, str]], Row] = getattr(self, operation["op"])
                results.append(method(operation, names))
            for rows in self.tables.values():
                for row in rows.values():
                    for column, value in row.items():
                        row[column] = normal(_resolved(value, names))
            self._collect()
            self._check_names()
        except Refused as refusal:
            self.tables = saved
            results.append(refusal.answer)
        return results

    def _collect(self) -> None:
        """Remove rows that nobody refers to, until nothing changes."""
        for table in ("Bridge", "Port", "Interface", "Controller"):
            used = {
                reference[1]
                for owner, column in OWNERS[table]
                for row in self.tables[owner].values()
                for reference in members(row[column])
            }
            missing = used - set(self.tables[table])
            if missing:
                raise Refused("referential integrity violation", f"{table} {sorted(missing)}")
            self.tables[table] = {
                name: row for name, row in self.tables[table].items() if name in used
            }

    def _check_names(self) -> None:
        for table in ("Bridge", "Port", "Interface"):
            names = [row["name"] for row in self.tables[table].values()]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise Refused(
                    "constraint violation",
                    f'Transaction causes multiple rows in "{table}" table to have identical '
                    f'values ({twice[0]}) for index on column "name".',
                )

    def _matching(self, operation: Row, names: dict[str, str]) -> dict[str, Row]:
        found = self.tables[operation["table"]]
        for column, function, value in operation.get("where", ()):
            wanted = _resolved(value, names)
            if column == "_uuid":
                found = {name: row for name, row in found.items() if name == wanted[1]}
            else:
                equal = function == "=="
                found = {n: row for n, row in found.items() if (row[column] == wanted) == equal}
        return found

    # -- operations ----------------------------------------------------------------------------

    def comment(self, _operation: Row, _names: dict[str, str]) -> Row:
        """Only for the log."""
        return {}

    def select(self, operation: Row, names: dict[str, str]) -> Row:
        """Rows with the asked columns, or all."""
        rows = []
        for name, row in self._matching(operation, names).items():
            whole = {"_uuid": ["uuid", name], "_version": ["uuid", name], **row}
            rows.append({key: whole[key] for key in operation.get("columns", whole)})
        return {"rows": copy.deepcopy(rows)}

    def insert(self, operation: Row, names: dict[str, str]) -> Row:
        """One row."""
        name = self._new(operation["table"], operation["row"])
        names[operation["uuid-name"]] = name
        return {"uuid": ["uuid", name]}

    def update(self, operation: Row, names: dict[str, str]) -> Row:
        """Columns of the matching rows."""
        found = self._matching(operation, names)
        for row in found.values():
            row.update(operation["row"])
        return {"count": len(found)}

    def wait(self, operation: Row, names: dict[str, str]) -> Row:
        """Fail at once unless the rows are as expected (timeout 0)."""
        seen = [
            {column: normal(row[column]) for column in operation["columns"]}
            for row in self._matching(operation, names).values()
        ]
        wanted = [
            {column: normal(value) for column, value in row.items()} for row in operation["rows"]
        ]
        if seen != wanted:
            raise Refused("timed out", '"where" clause test failed')
        return {}

    def mutate(self, operation: Row, names: dict[str, str]) -> Row:
        """Add to and remove from sets and maps, or count up."""
        found = self._matching(operation, names)
        for row in found.values():
            for column, mutator, value in operation["mutations"]:
                row[column] = _mutated(row[column], mutator, _resolved(value, names))
        return {"count": len(found)}


def _mutated(old: Any, mutator: str, value: Any) -> Any:
    if mutator == "+=":
        return old + value
    if isinstance(old, list) and old[0] == "map":
        pairs = dict(old[1])
        if mutator == "insert":
            pairs = {**dict(value[1]), **pairs}
        else:
            for key in members(value) if value[0] == "set" else dict(value[1]):
                pairs.pop(key, None)
        return ["map", sorted(map(list, pairs.items()))]
    kept = [item for item in members(old) if item not in members(value)]
    return packed(kept + members(value)) if mutator == "insert" else packed(kept)


def _resolved(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        if len(value) == 2 and value[0] == "named-uuid":
            return ["uuid", names[value[1]]]
        return [_resolved(item, names) for item in value]
    return value
