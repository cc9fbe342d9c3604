"""Fixtures of the management plane: a clean host, and a peer that answers over the overlay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.harness import Lab, Target
from tests.integration.ovsdb.witness import Ovs, eventually

PEER_UNDERLAY = "198.18.0.12"
PEER_OVERLAY = "198.19.100.12"


@pytest.fixture(scope="module")
def host(vtep1: Target) -> Iterator[Ovs]:
    """The first host, left as it was found."""
    found = Ovs(vtep1)
    yield found
    found.clean()


@pytest.fixture
def ovs(host: Ovs) -> Ovs:
    """The first host, without bridges."""
    host.clean()
    host.stage = None
    return host


class Peer:
    """The second host with one tunnel to the first, made by ovs-vsctl."""

    underlay, overlay = PEER_UNDERLAY, PEER_OVERLAY

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def sh(self, script: str) -> str:
        """What a shell script printed on the peer."""
        return str(self._lab.ssh("vtep2", script).stdout)

    def tunnel(self, *settings: str) -> None:
        """Make the tunnel anew with ``options:…`` settings."""
        self.sh(
            "ovs-vsctl --timeout=20 --if-exists del-br peer -- add-br peer -- "
            "add-port peer back -- set interface back type=vxlan options:remote_ip=198.18.0.11 "
            + " ".join(settings)
            + f" && ip address add {self.overlay}/24 dev peer && ip link set peer mtu 1450 up"
        )

    def remove(self) -> None:
        """Remove it."""
        self.sh("ovs-vsctl --timeout=20 --if-exists del-br peer")


@pytest.fixture(scope="module")
def peer(lab: Lab) -> Iterator[Peer]:
    """The second host, with a tunnel of key 100."""
    found = Peer(lab)
    found.tunnel("options:key=100")
    yield found
    found.remove()


BRIDGE = {"name": "br0", "mtu": 1450, "address": ["198.19.100.11/24"]}


@pytest.fixture
def alive(host: Ovs, peer: Peer) -> Ovs:
    """A host with a working tunnel ``vxa`` to the peer, key 100.

    Most tests prove that they leave it as it was: then it is not made anew for the next.
    """
    if host.stage is None or host.signature() != host.stage:
        host.clean()
        host.apply(bridges=[BRIDGE], name="vxa", bridge="br0", remote_ip=peer.underlay, key="100")
        host.stage = host.signature()
    eventually(lambda: host.pings(peer.overlay), "the overlay answers")
    return host
