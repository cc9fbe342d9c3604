# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one look to the next: what our ports should be, what is new, what is solved; pure.

A kernel port that is gone takes its mark with it. So whoever follows a host remembers what its
ports were; the rows of the database need no memory, they are the declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..kernel.model import PortState, port_states
from . import verdicts
from .codes import CODES
from .judge import status
from .model import Expected, Snapshot, Verdict
from .subjects import owner

Declared = Mapping[str, Mapping[str, Any]]
NEW, SOLVED = "new", "solved"
_Key = tuple[object, ...]


def remembered(seen: Snapshot, whose: str | None) -> dict[str, Mapping[str, Any]]:
    """The ports that carry a mark, in the words of ``ovs_vxlan_port``.

    :param whose: only those of this owner; None: those of every owner.
    """
    states = port_states(seen.kernel).values()
    return {one.name: _declared(one) for one in states if _ours(owner(one), whose)}


def _ours(mark: str | None, whose: str | None) -> bool:
    return mark is not None and whose in (None, mark)


def _declared(state: PortState) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "name": state.name,
        "state": "present" if state.datapath else "detached",
        "datapath": state.datapath,
        "dst_port": state.attrs["dst_port"],
        "local_ip": state.attrs["local_ip"],
        "remotes": sorted(state.flood or ()),
        "extensions": [name for name in ("gbp", "gpe") if state.attrs[name]],
    }
    if not state.attrs["external"]:
        found["vni"] = state.attrs["vni"]
    return found


def learnt(
    known: Declared, before: Declared, now: Declared, changed: frozenset[str] | None
) -> Declared:
    """What the ports should be from now on.

    :param known: what they should have been so far.
    :param before: what they were at the last look, and ``now`` what they are.
    :param changed: ports that runs of ours have changed since; what they are now is meant to be
        so. None: nobody knows which, so it is all those that are not what they were.
    """
    found = {**now, **known}
    if changed is None:
        names = {*before, *now}
        changed = frozenset(name for name in names if before.get(name) != now.get(name))
    for name in changed & set(found):
        if name in now:
            found[name] = now[name]
        else:
            del found[name]
    return found


def managed(found: Iterable[Verdict], expected: Expected, whose: str | None) -> list[Verdict]:
    """The verdicts on what is ours; that on the host only where there is something of ours.

    Of each only the root cause is left: its symptoms go with it.
    """
    names = {*(expected.ports or ()), *(expected.tunnels or ())}
    every = list(found)
    ours = [
        one
        for one in every
        if one.subject is not None
        and (one.subject.name in names or _ours(one.subject.owner, whose))
    ]
    whole = [one for one in every if one.subject is None]
    return [_root(one) for one in (*whole, *ours)] if ours else []


def _root(verdict: Verdict) -> Verdict:
    level = status(verdict.findings)
    worst = [one for one in verdict.findings if CODES[one.code].severity == level]
    left = tuple(one for one in worst if one.code == worst[0].code)
    return replace(verdict, findings=left)


class Ledger:
    """The problems that have been told and are not solved yet."""

    def __init__(self) -> None:
        self._open: dict[_Key, Mapping[str, Any]] = {}

    def compare(self, found: Iterable[Verdict]) -> list[dict[str, Any]]:
        """What to tell: every problem once when it is new and once when it is solved."""
        now: dict[_Key, Mapping[str, Any]] = {_key(one): one for one in verdicts.problems(found)}
        told = [{"state": NEW, **one} for key, one in now.items() if key not in self._open]
        told += [{"state": SOLVED, **one} for key, one in self._open.items() if key not in now]
        self._open = now
        return told


def _key(problem: Mapping[str, Any]) -> _Key:
    """What makes it the same problem: not its words, which may count or list something."""
    if problem["culprit"]:
        return problem["code"], problem["culprit"]
    whom = problem["affects"][0], *(problem["remotes"] if problem["plane"] == "underlay" else ())
    return (problem["code"], *whom)
