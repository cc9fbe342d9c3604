"""Every problem, provoked on the real kernel, is recognised; undone, it is gone again."""

from __future__ import annotations

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
        found = mesh.look(wait_timeout=3, **fault.options)
        assert codes(found)[:1] == [fault.code], found["problems"]
        assert set(codes(found)) <= {fault.code, *fault.also}, found["problems"]
        first = found["problems"][0]
        assert fault.culprit in str(first["culprit"])
        assert found["status"] == first["severity"] == CODES[fault.code].severity
        assert first["plane"] == CODES[fault.code].plane
    finally:
        fault.cure(mesh)
    mesh.settle()


def test_every_code_is_provoked() -> None:
    provoked = {fault.code for fault in FAULTS} | SPECIAL
    assert provoked == set(CODES)
