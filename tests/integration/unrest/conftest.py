"""Fixtures of the unrest: a host at the start of everything a module can do, and a peer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.faults.conftest import ovs
from tests.integration.faults.stages import AccessPorts, Stage, Tunnels
from tests.integration.faults.upheaval import DATAPATHS, PORTS, Scene
from tests.integration.harness import Target
from tests.integration.kernel.host import Host
from tests.integration.ovsdb.conftest import alive, host, peer
from tests.integration.ovsdb.witness import Ovs

__all__ = ["alive", "host", "ovs", "peer"]


@pytest.fixture(scope="module", params=[Tunnels, AccessPorts], ids=["tunnels", "access"])
def stage(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The management plane."""
    host = Ovs(vtep1)
    host.clean()
    found: Stage = request.param(host)
    yield found
    found.close()
    host.clean()


@pytest.fixture(scope="module", params=[PORTS, DATAPATHS], ids=["ports", "datapaths"])
def scene(vtep1: Target, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The kernel plane, with a namespace beside it."""
    host = Host(vtep1)
    found = Scene(host, request.param)
    host.sh("ip netns add away")
    yield found
    host.clean()
