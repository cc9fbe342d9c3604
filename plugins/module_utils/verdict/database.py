# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads OVSDB for a verdict: the rows that the tunnel module reads, BFD and counters besides."""

from __future__ import annotations

from ..core.errors import TunnelMeshError
from ..ovsdb import atoms
from ..ovsdb.database import transact
from ..ovsdb.jsonrpc import Connection, Deadline
from ..ovsdb.reader import read as read_rows
from ..ovsdb.remote import Remote
from .model import Database

# Seconds that ovsdb-server gets to take a connection, and to answer.
CONNECT = 10.0
ANSWER = 30.0
_STATUS = {
    "op": "select",
    "table": "Interface",
    "where": [["type", "==", "vxlan"]],
    "columns": ["name", "bfd_status", "statistics"],
}


DENIED = "access is denied"


def read(remote: Remote) -> tuple[Database | None, str]:
    """The database, or None and the reason; DENIED where only a privilege is missing."""
    try:
        with Connection(remote, Deadline(CONNECT)) as connection:
            rows = read_rows(connection, ANSWER)
            (status,) = transact(connection, [_STATUS], ANSWER)
    except TunnelMeshError as error:
        if isinstance(error.__cause__, PermissionError):
            return None, DENIED
        culprit = f": {error.culprit}" if error.culprit else ""
        return None, f"{error.cause}{culprit}"
    found = {row["name"]: row for row in status["rows"]}
    return (
        Database(
            rows,
            {name: atoms.mapping(row["bfd_status"]) for name, row in found.items()},
            {name: atoms.mapping(row["statistics"]) for name, row in found.items()},
        ),
        "",
    )
