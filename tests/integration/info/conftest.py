"""Fixtures: a healthy mesh of either backend over three hosts, and what looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.harness import Lab, Target
from tests.integration.info.mesh import Mesh


@pytest.fixture(scope="session")
def hosts(lab: Lab, vtep1: Target) -> Iterator[list[Target]]:
    """The three hosts of the lab."""
    with ThreadPoolExecutor() as pool:
        others = list(pool.map(lambda name: Target(lab, name), ("vtep2", "vtep3")))
    yield [vtep1, *others]
    for other in others:
        other.close()


@pytest.fixture(scope="session")
def mesh(request: pytest.FixtureRequest, hosts: list[Target]) -> Iterator[Mesh]:
    """A mesh of the backend that the test asks for by ``ON_KERNEL``, ``ON_OVSDB`` or ``ON_BOTH``.

    One at a time: ovs-vswitchd removes the datapaths of others when it makes its first bridge.
    """
    made = Mesh(hosts)
    with made.kernel() if request.param == "kernel" else made.ovsdb():
        yield made
