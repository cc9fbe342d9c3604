# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From steps to one transaction of the Open_vSwitch database; pure.

A transaction starts with guards: ``wait`` operations that fail at once when a row is no longer
what the plan was made from. Then come copies of what will be deleted, for a rollback; then the
changes; at last ``next_cfg`` is counted up, which makes ovs-vswitchd report in ``cur_cfg``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..core.record import dataclass, field
from ..core.steps import Plan, Step
from . import atoms
from .model import TUNNEL_COLUMNS, Bridge, Observed, Tunnel
from .operations import Operation, Operations


@dataclass()
class Transaction:
    """The operations, and where in their results the copies are found.

    :param copies: index of a ``select`` -> (index of the step, table, UUID).
    """

    operations: list[Operation] = field(default_factory=list)
    copies: dict[int, tuple[int, str, str]] = field(default_factory=dict)


def build(plan: Plan, observed: Observed, keep: bool = True) -> Transaction:
    """The transaction for the database steps of ``plan``.

    :param keep: copy the rows that are deleted.
    """
    builder = _Builder(observed)
    for step in plan:
        getattr(builder, f"{step.kind}_{step.op}")(step)
    transaction = Transaction(list(builder.guards))
    if keep:
        for index, step in enumerate(plan):
            if step.op == "delete":
                for table, uuid in _doomed(step):
                    transaction.copies[len(transaction.operations)] = (index, table, uuid)
                    transaction.operations.append(_select(table, uuid))
    transaction.operations += builder.changes + builder.links()
    counts = Counter(f"{step.op} {step.kind}" for step in plan)
    text = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    transaction.operations += [
        {"op": "comment", "comment": f"tunnelmesh.ovs: {text}"},
        *bump(observed.root),
    ]
    return transaction


def bump(root: str) -> list[Operation]:
    """Count next_cfg up and read it back, as the last two operations."""
    found = {"table": "Open_vSwitch", "where": atoms.where(root)}
    return [
        {"op": "mutate", **found, "mutations": [["next_cfg", "+=", 1]]},
        {"op": "select", **found, "columns": ["next_cfg"]},
    ]


def _select(table: str, uuid: str) -> Operation:
    return {"op": "select", "table": table, "where": atoms.where(uuid)}


def _doomed(step: Step) -> Iterable[tuple[str, str]]:
    """Every row that goes with a deleted tunnel or bridge."""
    before = step.args["before"]
    if isinstance(before, Tunnel):
        return [("Port", before.port_uuid), ("Interface", before.uuid)]
    return [
        ("Bridge", before.uuid),
        *(("Port", uuid) for uuid in before.ports),
        *(("Interface", uuid) for uuid in before.interfaces),
        *before.children,
    ]


class _Builder(Operations):
    """One method for every kind of step."""

    # -- tunnels -------------------------------------------------------------------------------

    def port_create(self, step: Step) -> None:
        """Insert Interface and Port, and link them to their bridge."""
        after: Tunnel = step.args["after"]
        interface = self.insert(
            "Interface",
            {
                "name": after.name,
                "type": "vxlan",
                "external_ids": after.external_ids,
                **_set_columns("Interface", after),
            },
        )
        port = self.insert(
            "Port",
            {"name": after.name, "interfaces": interface, **_set_columns("Port", after)},
        )
        self.link(after.bridge, port)

    def port_delete(self, step: Step) -> None:
        """Unlink the Port from its bridge: rows that nobody refers to vanish by themselves."""
        before: Tunnel = step.args["before"]
        self.guard("Interface", before.uuid, {"external_ids": before.external_ids})
        self.removed.setdefault(before.bridge, []).append(atoms.uuid(before.port_uuid))

    def port_change(self, step: Step) -> None:
        """Update the columns that differ, and the keys that are ours."""
        before, after = step.args["before"], step.args["after"]
        for table, uuid in (("Interface", before.uuid), ("Port", before.port_uuid)):
            names = [
                name
                for name in TUNNEL_COLUMNS[table]
                if before.columns[name] != after.columns[name]
            ]
            self.update(table, uuid, names, before.columns, after.columns)
        self.mutate_map(
            "Interface", before.uuid, "external_ids", before.external_ids, after.external_ids
        )

    def port_move(self, step: Step) -> None:
        """Link the same Port to another bridge."""
        before, after = step.args["before"], step.args["after"]
        self.removed.setdefault(before.bridge, []).append(atoms.uuid(before.port_uuid))
        self.link(after.bridge, atoms.uuid(before.port_uuid))

    def port_retry(self, step: Step) -> None:
        """Nothing but the new next_cfg: ovs-vswitchd then tries again what it has refused."""

    def port_restore(self, step: Step) -> None:
        """Insert again what a ``delete`` copied."""
        names = self.reinsert(step.args["rows"])
        for table, uuid, _row in step.args["rows"]:
            if table == "Port":
                self.link(step.args["bridge"], atoms.named(names[uuid]))

    # -- bridges -------------------------------------------------------------------------------

    def bridge_create(self, step: Step) -> None:
        """Insert a bridge with its local port."""
        after: Bridge = step.args["after"]
        local = {"name": after.name, "type": "internal", "mtu_request": after.mtu_request}
        port = self.insert(
            "Port", {"name": after.name, "interfaces": self.insert("Interface", local)}
        )
        columns = {name: value for name, value in after.columns.items() if value not in (None, {})}
        row = {"name": after.name, "external_ids": after.external_ids, "ports": port, **columns}
        bridge = self.insert("Bridge", row)
        self.new_bridges[after.name] = bridge[1]
        self.root["insert"].append(bridge)

    def bridge_change(self, step: Step) -> None:
        """Update the columns that differ, and the keys that are ours."""
        before, after = step.args["before"], step.args["after"]
        names = [
            name
            for name in after.columns
            if name != "other_config" and before.columns.get(name) != after.columns[name]
        ]
        self.update("Bridge", before.uuid, names, before.columns, after.columns)
        config = [bridge.columns.get("other_config") or {} for bridge in (before, after)]
        self.mutate_map("Bridge", before.uuid, "other_config", *config)
        self.mutate_map(
            "Bridge", before.uuid, "external_ids", before.external_ids, after.external_ids
        )
        requests = ({"mtu_request": before.mtu_request}, {"mtu_request": after.mtu_request})
        if before.mtu_request != after.mtu_request:
            self.update("Interface", before.local_uuid, ["mtu_request"], *requests)

    def bridge_delete(self, step: Step) -> None:
        """Unlink the bridge from the root, when it still has the ports that were read."""
        before: Bridge = step.args["before"]
        ports = atoms.references(atoms.uuid(uuid) for uuid in before.ports)
        self.guard("Bridge", before.uuid, {"ports": ports, "external_ids": before.external_ids})
        self.root["delete"].append(atoms.uuid(before.uuid))

    def bridge_restore(self, step: Step) -> None:
        """Insert again what a ``delete`` copied, its ports included."""
        names = self.reinsert(step.args["rows"])
        for table, uuid, row in step.args["rows"]:
            if table == "Bridge":
                self.new_bridges[row["name"]] = names[uuid]
                self.root["insert"].append(atoms.named(names[uuid]))


def _set_columns(table: str, after: Tunnel) -> dict[str, Any]:
    """Columns that are not what an inserted row has anyway."""
    return {
        name: after.columns[name]
        for name, empty in TUNNEL_COLUMNS[table].items()
        if after.columns[name] != empty
    }
