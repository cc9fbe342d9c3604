"""Every problem, provoked on the real kernel, is recognised; undone, it is gone again.

Faults stand side by side in groups: each is told of whom it concerns, and of nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import CODES, RANK
from tests.integration.info import faults_daemons, faults_kernel, faults_ovsdb
from tests.integration.info.fault import Fault, Group, about, broken, told
from tests.integration.info.mesh import ON_KERNEL, ON_OVSDB, Mesh

OF_TUNNELS = (*faults_ovsdb.GROUPS, *faults_daemons.GROUPS)
# A host has to boot without IPv6, and get it later: tests/integration/kernel/test_environment.py.
ELSEWHERE = {"socket_missing"}
# Of a whole mesh, seen from outside its hosts: given by the playbook verify, not by the module.
OF_THE_MESH = {
    "host_unreachable",
    "overlay_loss",
    "overlay_mtu",
    "overlay_oversize",
    "overlay_silent",
}


@ON_KERNEL
@pytest.mark.parametrize("group", faults_kernel.GROUPS, ids=lambda group: group.name)
def test_faults_of_kernel_ports_are_told_and_gone_when_undone(mesh: Mesh, group: Group) -> None:
    _check(mesh, group)


@ON_OVSDB
@pytest.mark.parametrize("group", OF_TUNNELS, ids=lambda group: group.name)
def test_faults_of_tunnels_are_told_and_gone_when_undone(mesh: Mesh, group: Group) -> None:
    _check(mesh, group)


def _check(mesh: Mesh, group: Group) -> None:
    with broken(mesh, group) as seen:
        wrong = [
            text for fault in group.faults for text in _mistold(seen.get(fault.subject, {}), fault)
        ]
        wrong += [text for name, entry in seen.items() for text in _besides(name, entry, group)]
    assert not wrong, "\n".join(wrong)


def _mistold(entry: dict[str, Any], fault: Fault) -> Iterator[str]:
    """What is wrong with the verdict on a fault: its code, culprit, remotes, or words."""
    found = [one for one in entry.get("problems", ()) if one["code"] == fault.code]
    if not found:
        yield f"{fault.code} of {fault.subject} is not told: {entry}"
    if not about(entry, fault):
        yield f"{fault.code} of {fault.subject} is about other remotes: {found}"
    known = CODES[fault.code]
    for one in found:
        if fault.culprit not in str(one["culprit"]):
            yield f"{fault.code} of {fault.subject} has another culprit: {one}"
        if (one["plane"], one["severity"]) != (known.plane, known.severity):
            yield f"{fault.code} of {fault.subject} is put elsewhere: {one}"
        if "{" in one["cause"] + one["remedy"]:
            yield f"{fault.code} of {fault.subject} has a gap in its words: {one}"


def _besides(name: str, entry: dict[str, Any], group: Group) -> Iterator[str]:
    """What is told that is not so, or a symptom that is put before the root cause."""
    codes = {fault.code for fault in group.faults if fault.subject == name}
    if told(entry) - group.symptoms(name) != codes:
        yield f"{name}: {sorted(codes)} expected: {entry}"
    worst = [one for one in told(entry) if CODES[one].severity == entry["status"]]
    first = min(worst, key=lambda code: RANK[code]) if worst else "ok"
    if entry["code"] != first:
        yield f"{name}: {first} is the root cause: {entry}"


def test_every_code_is_provoked() -> None:
    groups = (*faults_kernel.GROUPS, *OF_TUNNELS)
    provoked = {fault.code for group in groups for fault in group.faults}
    assert provoked | ELSEWHERE | OF_THE_MESH == set(CODES)
    assert not provoked & OF_THE_MESH
