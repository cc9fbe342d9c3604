"""Fixtures of the kernel plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.harness import Target
from tests.integration.kernel.host import Host


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
