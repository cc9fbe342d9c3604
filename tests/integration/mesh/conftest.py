"""Fixtures: meshes on the lab of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.harness import Lab
from tests.integration.mesh.fleet import Fleet, Traces


@pytest.fixture(scope="module")
def fleet(lab: Lab) -> Iterator[Fleet]:
    """The lab's hosts with backend kernel; nothing of ours before and after the module."""
    found = Fleet(lab)
    found.empty()
    yield found
    found.empty()


@pytest.fixture(scope="module")
def blank(fleet: Fleet) -> Traces:
    """The traces of the hosts with nothing of ours on them."""
    fleet.empty()
    return fleet.traces()


@pytest.fixture(scope="module")
def bridged(lab: Lab) -> Iterator[Fleet]:
    """The same with backend ovsdb."""
    found = Fleet(lab, "ovsdb")
    found.empty()
    yield found
    found.empty()
