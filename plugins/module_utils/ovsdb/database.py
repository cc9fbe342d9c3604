# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Open_vSwitch database: transactions, and waiting for ovs-vswitchd to follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.errors import ApplyError, EnvironmentProblem, LostRace
from .jsonrpc import Connection, Deadline, DeadlinePassed, ProtocolError, error_text
from .remote import Remote

NAME = "Open_vSwitch"
CONNECT = 10.0  # seconds
# What comes of an answer that is not made as RFC 7047 says.
UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
# Errors of a transaction that say that somebody else was faster.
_RACES = ("timed out", "referential integrity violation")
# RFC 7047, 3.1 and 4.1.3.
_REMEDIES = {
    "I/O error": "see whether the disk of the database is full or broken, then run again",
    "resources exhausted": "free memory or disk on the host of the database, then run again",
}


class Unconfirmed(ApplyError):
    """The database is updated, ovs-vswitchd did not confirm it in time."""

    def __init__(self, seconds: float, target: int, current: int) -> None:
        super().__init__(
            f"the database is updated, ovs-vswitchd did not confirm it within {seconds:g} s "
            f"(next_cfg {target}, cur_cfg {current})"
        )


def unreadable(remote: Remote, error: Exception) -> ProtocolError:
    """The error for an answer that cannot be understood."""
    return ProtocolError(
        "the answer of the database cannot be understood",
        culprit=f"{remote}: {type(error).__name__} {error}",
        remedy="see whether an ovsdb-server of Open vSwitch listens there, or a proxy between",
    )


def counted(remote: Remote, results: Sequence[Any]) -> int:
    """next_cfg, from the last result of a transaction that ends with transact.bump()."""
    try:
        return int(results[-1]["rows"][0]["next_cfg"])
    except UNREADABLE as error:
        raise unreadable(remote, error) from error


def _well_formed(result: Any) -> bool:
    """The result of one operation: an object whose rows, if any, are objects."""
    rows = result.get("rows", ()) if isinstance(result, dict) else None
    return isinstance(rows, (list, tuple)) and all(isinstance(row, dict) for row in rows)


def transact(connection: Connection, operations: Sequence[Any], seconds: float) -> list[Any]:
    """Run one transaction and return the results of its operations.

    :param seconds: how long to wait for ovsdb-server; 5000 tunnels take it about one.

    :raises LostRace: a guard did not hold, or a name has just been taken; nothing was changed.
    :raises ApplyError: any other failure; nothing was changed.
    """
    answer = connection.call("transact", [NAME, *operations], Deadline(seconds))
    results = list(answer) if isinstance(answer, list) else []
    failed = next((one for one in results if isinstance(one, dict) and one.get("error")), None)
    if failed is None:
        if len(results) < len(operations) or not all(map(_well_formed, results)):
            raise unreadable(connection.remote, ValueError(str(answer)[:200]))
        return results
    text = error_text(failed)
    if failed["error"] in _RACES or "identical values" in text:
        raise LostRace(
            f"the database was changed by somebody else at the same time: {text}",
            remedy="run again; if it keeps happening, look for another program that manages "
            "the same ports",
        )
    if failed["error"] in ("not allowed", "permission error"):
        raise EnvironmentProblem(
            f"the database refuses the change: {text}",
            culprit=str(connection.remote),
            remedy="use a connection with the right to write, or the local unix socket",
        )
    raise ApplyError(
        f"the database refuses the transaction: {text}",
        culprit=str(connection.remote),
        remedy=_REMEDIES.get(failed["error"], "see the log of ovsdb-server, then run again"),
    )


def wait_confirmed(remote: Remote, target: int, seconds: float) -> None:
    """Wait until ovs-vswitchd has carried out configuration ``target`` (cur_cfg).

    A subscription, not polling: bridge_run() in vswitchd/bridge.c writes cur_cfg when it is done.

    :raises Unconfirmed: not within ``seconds``.
    """
    deadline = Deadline(seconds)
    current = -1
    try:
        with Connection(remote, deadline) as connection:
            watched = {"Open_vSwitch": {"columns": ["cur_cfg"]}}
            update = connection.call("monitor", [NAME, None, watched], deadline)
            current = _current(update, current)
            while current < target:
                method, params = connection.notification(deadline)
                if method == "update":
                    current = _current(params[1], current)
    except DeadlinePassed:
        raise Unconfirmed(seconds, target, current) from None
    except UNREADABLE as error:
        raise unreadable(remote, error) from error


def _current(update: Any, current: int) -> int:
    for change in update.get("Open_vSwitch", {}).values():
        if "new" in change:
            return int(change["new"]["cur_cfg"])
    return current
