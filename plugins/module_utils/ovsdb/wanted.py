# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that are wanted: declared columns, and what others keep in the same maps; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.ownership import EXTERNAL_ID_OWNER
from ..core.record import replace
from .model import EXTERNAL_ID_KEYS, Bridge, BridgeSpec, Tunnel, TunnelSpec


def tracked(external_ids: Mapping[str, str], column: str) -> set[str]:
    """Keys of ``column`` that an earlier run declared."""
    words = external_ids.get(EXTERNAL_ID_KEYS, "").split()
    return {key for name, _colon, key in (word.partition(":") for word in words) if name == column}


def merged(
    column: str, observed: Mapping[str, str], ids: Mapping[str, str], declared: Mapping[str, str]
) -> dict[str, str]:
    """``observed`` without what is no longer declared, with what is."""
    gone = tracked(ids, column) - set(declared)
    return {**{key: value for key, value in observed.items() if key not in gone}, **declared}


def marked(
    external_ids: Mapping[str, str], owner: str, declared: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """``external_ids`` with the owner's mark and the list of declared keys per column."""
    words = sorted(f"{column}:{key}" for column, keys in declared.items() for key in keys)
    marks = {EXTERNAL_ID_OWNER: owner, **({EXTERNAL_ID_KEYS: " ".join(words)} if words else {})}
    theirs = {key: value for key, value in external_ids.items() if key != EXTERNAL_ID_KEYS}
    return {**theirs, **marks}


def tunnel(spec: TunnelSpec, owner: str, seen: Tunnel | None) -> Tunnel:
    """The wanted state of a declared tunnel."""
    ids = seen.external_ids if seen else {}
    external_ids = marked(
        merged("external_ids", ids, ids, spec.external_ids),
        owner,
        {"external_ids": spec.external_ids},
    )
    base = seen or Tunnel(spec.name, spec.bridge, spec.columns, port_name=spec.name)
    return replace(base, bridge=spec.bridge, columns=spec.columns, external_ids=external_ids)


def bridge(spec: BridgeSpec, owner: str, seen: Bridge | None) -> Bridge:
    """The wanted state of a declared bridge; what is not declared stays."""
    ids = seen.external_ids if seen else {}
    old: Mapping[str, Any] = seen.columns if seen else {}
    config = old.get("other_config") or {}
    declared = {
        "other_config": _kept("other_config", config, ids, spec.other_config),
        "external_ids": _kept("external_ids", ids, ids, spec.external_ids),
    }
    columns = {
        **old,
        **spec.columns,
        "other_config": merged("other_config", config, ids, declared["other_config"]),
    }
    external_ids = marked(
        merged("external_ids", ids, ids, declared["external_ids"]), owner, declared
    )
    return replace(
        seen or Bridge(spec.name, columns),
        columns=columns,
        external_ids=external_ids,
        mtu_request=spec.mtu if spec.mtu is not None or seen is None else seen.mtu_request,
    )


def _kept(
    column: str,
    observed: Mapping[str, str],
    ids: Mapping[str, str],
    given: Mapping[str, str] | None,
) -> Mapping[str, str]:
    """Declared keys; where nothing is declared, those of the earlier declaration."""
    if given is not None:
        return given
    return {key: observed[key] for key in tracked(ids, column) if key in observed}
