# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps: what a plan consists of, and what the user reads as ``actions``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .record import dataclass, field


@dataclass(frozen=True)
class Step:
    """One thing to do to one named object.

    :param op: what is done, in the words of the plane (``create``, ``link``, ``change``, ...).
    :param name: the port, datapath or row that it is done to.
    :param why: the reason, for the user; names the attribute that forced a recreate.
    :param changes: attribute -> (before, after), for steps that change something.
    :param args: what the executor needs; never shown.
    :param phase: steps of one phase are independent of each other and are sent together.
    :param kind: what ``name`` is, as a key of the action: ``port``, ``datapath``, ``bridge``.
    """

    op: str
    name: str
    why: str
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)
    phase: int = 0
    kind: str = "port"

    def action(self) -> dict[str, Any]:
        """This step as an entry of the result's ``actions``."""
        entry: dict[str, Any] = {"action": self.op, self.kind: self.name, "why": self.why}
        if self.changes:
            entry["changes"] = {
                key: {"before": before, "after": after}
                for key, (before, after) in sorted(self.changes.items())
            }
        return entry


Plan = tuple[Step, ...]


def describe(step: Step) -> str:
    """One line for error messages: ``create port vx1``."""
    return f"{step.op} {step.kind} {step.name}"
