"""Fixtures of the tests on real kernels: one lab for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration.harness import Lab, Target

HOSTS = 3


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab of three hosts; TUNNELMESH_TEST_LAB names one that is kept for the next run."""
    kept = os.environ.get("TUNNELMESH_TEST_LAB")
    lab = Lab(kept or f"test{os.getpid() % 100000}")
    try:
        lab.up(HOSTS)
        yield lab
    finally:
        if not kept:
            lab.down()


@pytest.fixture(scope="session")
def vtep1(lab: Lab) -> Iterator[Target]:
    """The first host."""
    target = Target(lab, "vtep1")
    yield target
    target.close()
