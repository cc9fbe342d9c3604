"""What a fault is: how it is made, how it is undone, and what has to be said of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.integration.info.mesh import Mesh

KERNEL, OVSDB = "kernel", "ovsdb"
# Seconds until daemons and the kernel's neighbour tables have noticed.
DEADLINE = 60.0


@dataclass(frozen=True)
class Fault:
    """One fault of one tunnel or port, or of the host.

    :param subject: whose verdict names it: a tunnel, a port, or ``host``.
    :param do: script that makes it on the first host.
    :param undo: script that takes it back, as far as running the declaration again does not.
    :param peer, peer_undo: the same on the second host; done before ``do``.
    :param culprit: what the culprit has to name.
    :param remotes: last bytes of the addresses that it is about, where it is about any.
    :param also: codes that come with it, as symptoms of the same subject.
    """

    code: str
    subject: str
    do: str = ""
    undo: str = ""
    peer: str = ""
    peer_undo: str = ""
    culprit: str = ""
    remotes: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """Faults that stand side by side: each has to be told by itself, none hides another.

    :param prepare: what the first host has besides the mesh: ports, tunnels, addresses.
    :param clean, clean_peer: scripts on both hosts, after what was added is gone.
    :param look: options of the look.
    :param before: done before the faults are made, on the second host: what has to arrive.
    :param declared: running the declaration again is the cure.
    """

    name: str
    backend: str
    faults: tuple[Fault, ...]
    prepare: Callable[[Mesh], None] | None = None
    clean: str = ""
    clean_peer: str = ""
    look: Mapping[str, Any] = field(default_factory=dict)
    before: Callable[[Mesh], None] | None = None
    declared: bool = True

    def expected(self) -> dict[str, set[str]]:
        """Subject -> the codes that have to be told of it."""
        found: dict[str, set[str]] = {}
        for fault in self.faults:
            found.setdefault(fault.subject, set()).add(fault.code)
        return found

    def symptoms(self, subject: str) -> set[str]:
        """Codes that may be told of a subject besides."""
        return set().union(*(fault.also for fault in self.faults if fault.subject == subject))


@contextmanager
def broken(mesh: Mesh, group: Group) -> Iterator[dict[str, dict[str, Any]]]:
    """The verdicts of the first host, by name, while the faults of a group are there.

    Undone, and what was declared run again, nothing may be wrong any more.
    """
    try:
        _prepare(mesh, group)
        mesh.settle()
        _peer(mesh, [fault.peer for fault in group.faults])
        if group.before:
            group.before(mesh)
        _run(mesh, [fault.do for fault in group.faults])
        yield _look(mesh, group)
        _undo(mesh, group)
        mesh.settle()
    except BaseException:
        _rescue(mesh, group)
        raise
    else:
        _remove(mesh, group)


def _prepare(mesh: Mesh, group: Group) -> None:
    if group.prepare:
        group.prepare(mesh)
        mesh.again()


def _undo(mesh: Mesh, group: Group) -> None:
    _peer(mesh, [fault.peer_undo for fault in group.faults])
    _run(mesh, [fault.undo for fault in group.faults])
    if group.declared:
        mesh.again()


def _rescue(mesh: Mesh, group: Group) -> None:
    """After a failure: whatever can be undone is, so that the next group finds the mesh."""
    for fault in group.faults:
        mesh.hosts[1].sh(fault.peer_undo or "true", check=False)
        mesh.first.sh(fault.undo or "true", check=False)
    _remove(mesh, group, check=False)


def _remove(mesh: Mesh, group: Group, check: bool = True) -> None:
    if group.prepare or not check:
        mesh.extra_ports, mesh.extra_pairs, mesh.extra_tunnels = [], {}, []
        mesh.again()
    mesh.first.sh(group.clean or "true", check=check)
    mesh.hosts[1].sh(group.clean_peer or "true", check=check)
    mesh.look()  # takes note of the counters


def _run(mesh: Mesh, scripts: list[str]) -> None:
    wanted = [script for script in scripts if script]
    if wanted:
        mesh.first.sh("set -e\n" + "\n".join(wanted))


def _peer(mesh: Mesh, scripts: list[str]) -> None:
    wanted = [script for script in scripts if script]
    if wanted:
        mesh.hosts[1].sh("set -e\n" + "\n".join(wanted))


def _look(mesh: Mesh, group: Group) -> dict[str, dict[str, Any]]:
    """Look until every fault is told and nothing else, or DEADLINE; the tests say what differs.

    The baseline stays: errors that an earlier look counted are still there.
    """
    end = time.monotonic() + DEADLINE
    baseline = mesh.counters()
    wanted = group.expected()
    while True:
        result = mesh.look(wait_timeout=0, baseline=baseline, **group.look)
        found = {entry["name"]: entry for entry in result["verdicts"]}
        if all(
            wanted.get(name, set()) == told(entry) - group.symptoms(name)
            for name, entry in {**dict.fromkeys(wanted), **found}.items()
        ) and all(about(found[fault.subject], fault) for fault in group.faults):
            return found
        if time.monotonic() > end:
            return found


def about(entry: Mapping[str, Any], fault: Fault) -> bool:
    """The fault is told of every remote that it is about, and of no other."""
    seen = {one["remote"] for one in entry.get("problems", ()) if one["code"] == fault.code}
    return seen - {None} == set(fault.remotes)


def told(entry: Mapping[str, Any] | None) -> set[str]:
    """Codes of a verdict."""
    return {problem["code"] for problem in (entry or {}).get("problems", ())}
