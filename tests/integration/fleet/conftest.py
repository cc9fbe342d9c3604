"""Fixtures: meshes on the lab of the run. Every test finds empty hosts, or brings them there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.harness import Lab
from tests.integration.mesh.fleet import Fleet

THREE = ("vtep1", "vtep2", "vtep3")


@pytest.fixture(params=["kernel", "ovsdb"])
def either(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Fleet]:
    """Three hosts with each backend; empty before and after."""
    yield from emptied(Fleet(lab, request.param, THREE))


@pytest.fixture
def kernel(lab: Lab) -> Iterator[Fleet]:
    """Three hosts with backend kernel; empty before and after."""
    yield from emptied(Fleet(lab, "kernel", THREE))


@pytest.fixture
def bridged(lab: Lab) -> Iterator[Fleet]:
    """Three hosts with backend ovsdb; empty before and after."""
    yield from emptied(Fleet(lab, "ovsdb", THREE))


@pytest.fixture
def five(lab: Lab) -> Iterator[Fleet]:
    """Five hosts with backend ovsdb; empty before and after."""
    lab.up(5)
    yield from emptied(Fleet(lab, "ovsdb", lab.hosts[:5]))


def emptied(fleet: Fleet) -> Iterator[Fleet]:
    """Nothing of ours on the hosts before and after."""
    fleet.empty()
    yield fleet
    fleet.empty()
