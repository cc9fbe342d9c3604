# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries steps out: repairs that have to be early, one transaction, then the kernel."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..core.record import replace
from ..core.steps import Plan, Step
from . import database, transact
from .database import CONNECT, Unconfirmed, wait_confirmed
from .jsonrpc import Connection, Deadline, DeadlinePassed, ProtocolError
from .kernelstate import KernelSide
from .model import Observed
from .remote import Remote

# How often ovs-vswitchd is asked again, as long as it makes progress.
NUDGES = 8


class Executor:
    """Executes plans; remembers when ovs-vswitchd does not answer."""

    def __init__(self, remote: Remote, kernel: KernelSide | None, wait: float, keep: bool) -> None:
        self._remote = remote
        self._kernel = kernel
        self._wait = wait
        self._keep = keep
        self._hung = False

    def execute(self, plan: Plan, observed: Observed, done: list[Step]) -> None:
        """Carry out ``plan``; every step that took effect is added to ``done``.

        :raises LostRace: the database is no longer what ``observed`` says.
        :raises Unconfirmed: the database is updated, ovs-vswitchd did not follow.
        """
        early = [step for step in plan if step.phase < 0]
        in_database = tuple(step for step in plan if step.phase == 0)
        in_kernel = [step for step in plan if step.phase > 0]
        if early and self._kernel is not None:
            self._kernel.carry_out(early, done)
        if in_database:
            target = self._commit(in_database, observed, done)
            if not self._hung:
                self._confirm(target)
                self._settle(
                    {step.name for step in in_database if step.kind == "port"}, observed.root
                )
        for step in [step for step in in_kernel if step.op == "reload"]:
            in_kernel.remove(step)
            self._reload(step, observed, done)
        if in_kernel and self._kernel is not None:
            self._kernel.carry_out(in_kernel, done)

    def _reload(self, step: Step, observed: Observed, done: list[Step]) -> None:
        """Take the tunnels of a UDP port out of the database and put the same rows back."""
        deletes = tuple(
            Step("delete", row.name, step.why, args={"before": row}) for row in step.args["tunnels"]
        )
        taken: list[Step] = []
        target = self._commit(deletes, observed, taken, keep=True)
        try:
            self._confirm(target)
        finally:
            target = self._commit(self._back(step, taken), observed, [])
            done.append(step)
        self._confirm(target)

    @staticmethod
    def _back(step: Step, taken: list[Step]) -> Plan:
        return tuple(
            Step(
                "restore",
                one.name,
                step.why,
                args={"rows": one.args["rows"], "bridge": one.args["before"].bridge},
            )
            for one in taken
        )

    def _commit(self, steps: Plan, observed: Observed, done: list[Step], keep: bool = False) -> int:
        """Run the transaction and return its next_cfg."""
        transaction = transact.build(steps, observed, keep or self._keep)
        try:
            results = self._transact(transaction.operations)
        except (DeadlinePassed, ProtocolError):
            done.extend(steps)  # nobody knows: the rollback looks for itself
            raise
        copies: dict[int, list[Any]] = {}
        for position, (index, table, uuid) in transaction.copies.items():
            copies.setdefault(index, []).extend(
                (table, uuid, row) for row in results[position].get("rows", ())
            )
        for index, step in enumerate(steps):
            rows = copies.get(index)
            done.append(replace(step, args={**step.args, "rows": rows}) if rows else step)
        return database.counted(self._remote, results)

    def _transact(self, operations: list[Any]) -> list[Any]:
        with Connection(self._remote, Deadline(CONNECT)) as connection:
            return database.transact(connection, operations, self._wait)

    def _confirm(self, target: int) -> None:
        try:
            wait_confirmed(self._remote, target, self._wait)
        except Unconfirmed:
            self._hung = True
            raise

    def _settle(self, names: Collection[str], root: str) -> None:
        """Ask ovs-vswitchd again as long as fewer of our tunnels are refused each time.

        It adds ports before the deleted ones of the same transaction are wholly gone, and answers
        "File exists" or "can't be configured on the same dst_port"; the next reconfiguration, for
        which any change of the database is reason enough, then succeeds. Measured with 3.1.
        """
        refused = self._refused(names)
        for _attempt in range(NUDGES):
            if not refused:
                return
            bumped = self._transact(transact.bump(root))
            self._confirm(database.counted(self._remote, bumped))
            before, refused = refused, self._refused(names)
            if len(refused) >= len(before):
                return

    def _refused(self, names: Collection[str]) -> set[str]:
        if not names:
            return set()
        found: set[str] = set()
        selects = [_select_names("error", "!=", ["set", []]), _select_names("ofport", "==", -1)]
        for result in self._transact(selects):
            found.update(str(row.get("name")) for row in result.get("rows", ()))
        return found.intersection(names)


def _select_names(column: str, operator: str, value: Any) -> dict[str, Any]:
    where = [["type", "==", "vxlan"], [column, operator, value]]
    return {"op": "select", "table": "Interface", "where": where, "columns": ["name"]}
