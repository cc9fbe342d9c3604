"""Fixtures of the fault tests: a clean host without bridges, before and after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.faults.stages import STAGES, Stage
from tests.integration.faults.upheaval import DATAPATHS, PORTS, Scene
from tests.integration.harness import Target
from tests.integration.kernel.host import Host
from tests.integration.ovsdb.conftest import alive, peer
from tests.integration.ovsdb.witness import Ovs

__all__ = ["alive", "ovs", "peer", "stage"]


@pytest.fixture
def ovs(vtep1: Target) -> Iterator[Ovs]:
    """The first host, without bridges before and after."""
    found = Ovs(vtep1)
    found.clean()
    yield found
    found.clean()


@pytest.fixture(scope="module", params=STAGES)
def stage(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The first host at the start of an upheaval, one for each module."""
    host = Ovs(vtep1)
    host.clean()
    found: Stage = request.param(host)
    yield found
    found.close()
    host.clean()


@pytest.fixture(scope="module", params=[PORTS, DATAPATHS], ids=["ports", "datapaths"])
def scene(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The first host as the scene of an upheaval, of ports and of datapaths."""
    host = Host(vtep1)
    yield Scene(host, request.param)
    host.clean()
