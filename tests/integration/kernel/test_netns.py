"""The option `netns`: everything happens in that namespace, and nothing in the host's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host


@pytest.fixture
def inner(host: Host) -> Iterator[Host]:
    """A host with a namespace, whose own network has things of the same names."""
    host.sh("ip netns add inner && ip -n inner link set lo up")
    host.must(DATAPATH, name="lab0", address=["198.19.7.1/24"])
    host.must(PORT, name="vx1", vni=1, datapath="lab0", remotes=["198.18.0.12"])
    yield host
    host.sh("ip netns del inner")


def test_datapath_and_port_in_a_namespace(inner: Host) -> None:
    outside = inner.look(flows=True)
    made = inner.converge(DATAPATH, name="lab0", mtu=1400, address=["198.19.8.1/24"], netns="inner")
    assert made.after.links["lab0"]["addresses"] == ["198.19.8.1/24"]
    port: dict[str, Any] = {"name": "vx1", "vni": 2, "datapath": "lab0", "remotes": ["198.18.0.13"]}
    linked = inner.converge(PORT, **port, netns="inner")
    assert linked.after.linked("vx1", "lab0", 1)
    assert linked.after.vxlan("vx1")["id"] == 2
    assert linked.after.flood["vx1"] == {"198.18.0.13 self permanent"}
    wired = inner.converge(
        DATAPATH, name="lab0", connect=[["lab0", "vx1"]], netns="inner", flows=True
    )
    assert len(wired.after.flows["lab0"]) == 2
    assert inner.look(flows=True) == outside


def test_purge_keeps_to_the_namespace(inner: Host) -> None:
    outside = inner.look(flows=True)
    inner.must(DATAPATH, name="lab0", netns="inner")
    inner.must(PORT, name="vx1", vni=1, datapath="lab0", netns="inner")
    assert inner.converge(PORT, purge=True, netns="inner").actions() == ["detach", "delete"]
    gone = inner.converge(DATAPATH, purge=True, netns="inner")
    assert gone.actions() == ["delete"]
    assert gone.after.ports == {}
    assert inner.look(flows=True) == outside


def test_a_lock_for_each_namespace(inner: Host) -> None:
    """A run in one namespace does not wait for one in another."""
    holder = (
        "import socket, time; s = socket.socket(socket.AF_UNIX); "
        "s.bind(chr(0) + 'tunnelmesh.ovs'); s.listen(1); time.sleep(3600)"
    )
    pid = inner.sh(f'nohup python3 -c "{holder}" >/dev/null 2>&1 & echo $!').strip()
    try:
        inner.must(DATAPATH, name="lab0", netns="inner")
    finally:
        inner.sh(f"kill {pid}")
