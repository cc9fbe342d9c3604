"""Fixtures of the fault tests: a clean host without bridges, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.faults.stages import STAGES, Stage
from tests.integration.faults.upheaval import DATAPATHS, PORTS, Scene, Upheaval
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


@contextmanager
def staged(target: Target, kind: type[Stage]) -> Iterator[Stage]:
    """A host at the start of an upheaval of the management plane, or of files."""
    host = Ovs(target)
    host.clean()
    found = kind(host)
    yield found
    found.close()
    host.clean()


@contextmanager
def played(target: Target, upheaval: Upheaval) -> Iterator[Scene]:
    """A host as the scene of an upheaval of the kernel plane."""
    host = Host(target)
    yield Scene(host, upheaval)
    host.clean()


@pytest.fixture(scope="module", params=STAGES)
def stage(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The first host at the start of an upheaval, one for each module."""
    with staged(vtep1, request.param) as found:
        yield found


@pytest.fixture(scope="module", params=[PORTS, DATAPATHS], ids=["ports", "datapaths"])
def scene(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The first host as the scene of an upheaval, of ports and of datapaths."""
    with played(vtep1, request.param) as found:
        yield found
