"""What collides with the system is refused before anything is touched, naming the culprit.

One host full of other people's things serves all cases; none of them may change it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host
from tests.integration.kernel.refusal_cases import COLLISIONS, Case
from tests.integration.kernel.refusal_cases_owned import DATAPATHS, PORTS
from tests.integration.kernel.witness import Snapshot

FOREIGN = """
set -e
ip link add dum0 type dummy
ip link add brl type bridge
ip link add vbridged type vxlan id 50 dstport 5050 && ip link set vbridged master brl
ip link add vgbp up type vxlan id 51 dstport 5002 gbp
ip link add vdown type vxlan id 52 dstport 5003
ip link add vext up type vxlan external nolearning udp6zerocsumrx dstport 5004
ip link add vforeign up type vxlan id 54 dstport 5006
ip link add vhand up type vxlan id 55 dstport 5007
ovs-dpctl add-dp hand0 && ovs-dpctl add-if hand0 inner0,type=internal
ovs-dpctl add-if lab0 vforeign,port_no=5
ovs-dpctl add-flow lab0 'in_port(5),eth()' 0
"""


@dataclass(frozen=True)
class World:
    """The host, what the witness sees on it, and the process that holds UDP port 5001."""

    host: Host
    seen: Snapshot
    pid: str


@pytest.fixture(scope="module")
def world(machine: Host) -> Iterator[World]:
    """A host full of other people's things."""
    machine.clean()
    # The first bridge comes first: with it ovs-vswitchd deletes every other datapath.
    machine.sh("ovs-vsctl --timeout=20 add-br brx")
    machine.datapath("lab0")
    machine.sh(FOREIGN)
    other = [
        {"name": "vlegacy", "dst_port": 5005, "vport_type": "vxlan", "port_no": 7},
        {"name": "vother", "vni": 53, "state": "detached"},
    ]
    machine.must(PORT, ports=other, datapath="lab0", owner="other")
    machine.must(DATAPATH, name="other0", owner="other")
    machine.must(PORT, name="mine", vni=60, datapath="lab0")
    with machine.udp_socket("127.0.0.1", 5001) as pid:
        everything = machine.look(flows=True)
        yield World(machine, machine.look(), pid)
        assert machine.look(flows=True) == everything
    machine.clean()


@pytest.mark.parametrize("case", [*COLLISIONS, *PORTS, *DATAPATHS], ids=lambda case: case.name)
def test_refused(world: World, case: Case) -> None:
    run = world.host.target.run
    foretold = run(case.module, check=True, **case.args)
    error = run(case.module, **case.args)
    assert error.get("failed"), "the task is not refused"
    assert foretold.get("failed"), "the dry run is not refused"
    assert foretold["msg"] == error["msg"]
    for part in ("cause", "culprit", "remedy"):
        pattern = getattr(case, part).replace("PID", world.pid)
        assert re.search(pattern, error[part] or ""), (part, error[part])
        assert (error[part] or "") in error["msg"]
    assert (foretold["netlink"]["writes"], error["netlink"]["writes"]) == (0, 0)


@pytest.fixture(autouse=True)
def untouched(world: World) -> Iterator[None]:
    """After every case the host is what it was."""
    yield
    assert world.host.look() == world.seen
