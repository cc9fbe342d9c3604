"""Fixtures of the unrest: a host at the start of everything a module can do, and a peer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.faults.conftest import ovs, played, staged
from tests.integration.faults.stages import AccessPorts, Stage, Tunnels
from tests.integration.faults.upheaval import DATAPATHS, PORTS, Scene
from tests.integration.harness import Target
from tests.integration.ovsdb.conftest import alive, host, peer

__all__ = ["alive", "host", "ovs", "peer"]


@pytest.fixture(scope="module", params=[Tunnels, AccessPorts], ids=["tunnels", "access"])
def stage(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The management plane."""
    with staged(vtep1, request.param) as found:
        yield found


@pytest.fixture(scope="module", params=[PORTS, DATAPATHS], ids=["ports", "datapaths"])
def scene(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The kernel plane, with a namespace beside it."""
    with played(vtep1, request.param) as found:
        found.host.sh("ip netns add away")
        yield found
