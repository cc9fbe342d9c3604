"""Every problem, provoked on the real kernel, is recognised; undone, it is gone again."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import CODES
from tests.integration.info.faults import FAULTS, Fault
from tests.integration.info.mesh import Mesh, codes
from tests.integration.info.special import SPECIAL


@pytest.mark.parametrize(
    ("mesh", "fault"),
    [pytest.param(fault.backend, fault, id=fault.title) for fault in FAULTS],
    indirect=["mesh"],
)
def test_a_fault_is_recognised_and_gone_when_undone(mesh: Mesh, fault: Fault) -> None:
    mesh.settle()
    try:
        fault.cause(mesh)
        found = _look_until(mesh, fault)
        assert set(codes(found)) <= {fault.code, *fault.also}, found["problems"]
        first = found["problems"][0]
        assert fault.culprit in str(first["culprit"])
        assert found["status"] == first["severity"] == CODES[fault.code].severity
        assert first["plane"] == CODES[fault.code].plane
    finally:
        fault.cure(mesh)
    mesh.settle()


def _look_until(mesh: Mesh, fault: Fault) -> dict[str, Any]:
    """Look until the fault is seen: some take the daemons a while to notice."""
    end = time.monotonic() + 60
    while True:
        found = mesh.look(wait_timeout=0, **fault.options)
        if codes(found)[:1] == [fault.code]:
            return found
        assert time.monotonic() < end, found["problems"]


def test_every_code_is_provoked() -> None:
    provoked = {fault.code for fault in FAULTS} | SPECIAL
    assert provoked == set(CODES)
