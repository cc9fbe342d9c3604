"""Fixtures of the kernel plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.harness import Target
from tests.integration.kernel.host import Host
from tests.integration.kernel.upheaval import DATAPATHS, PORTS, Stage


@pytest.fixture(scope="session")
def machine(vtep1: Target) -> Iterator[Host]:
    """The first host, left clean for other tests."""
    found = Host(vtep1)
    yield found
    found.clean()


@pytest.fixture
def host(machine: Host) -> Host:
    """The first host, clean."""
    machine.clean()
    return machine


@pytest.fixture(scope="module", params=[PORTS, DATAPATHS], ids=["ports", "datapaths"])
def stage(machine: Host, request: pytest.FixtureRequest) -> Stage:
    """The first host as the scene of an upheaval, of ports and of datapaths."""
    return Stage(machine, request.param)
