# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a run as Ansible returns it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .steps import Step


def build(
    steps: Sequence[Step],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    live_key: str,
    live: Any,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Put a result together.

    :param before: what the user sees of each named object before the run, by name.
    :param after: the same afterwards (in check mode: as predicted).
    :param live_key: name under which ``live``, the state as it is now, is returned.
    """
    names = sorted({*before, *after})
    changed_names = [name for name in names if before.get(name) != after.get(name)]
    result: dict[str, Any] = {
        "changed": bool(steps),
        "actions": [step.action() for step in steps],
        "diff": {
            "before": _shown({n: before[n] for n in changed_names if n in before}),
            "after": _shown({n: after[n] for n in changed_names if n in after}),
        },
        live_key: live,
    }
    if warnings:
        result["warnings"] = list(warnings)
    return result


def _shown(views: Mapping[str, Any]) -> str:
    if not views:
        return ""
    from . import yamltext  # a run with nothing to do has no use for it

    return yamltext.dump(views)
