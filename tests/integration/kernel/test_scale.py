"""A set of 1000 ports is a normal case."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.kernel.host import PORT, Host

COUNT = 1000
# Generous: it is a bound against hanging and against quadratic work, not a benchmark.
SECONDS = 120.0
TASK: dict[str, Any] = {"datapath": "lab0", "local_ip": "198.18.0.11"}


@pytest.fixture
def alone(host: Host) -> Iterator[Host]:
    """A host whose ovs-vswitchd rests.

    It asks for each device of which it hears, and where the device has gone again the kernel
    calls modprobe for it (dev_load, net/core/dev_ioctl.c): on a guest that takes it minutes.
    """
    host.sh("systemctl stop ovs-vswitchd")
    yield host
    host.clean()
    host.sh("systemctl start ovs-vswitchd")


def _ports(count: int) -> list[dict[str, Any]]:
    return [{"name": f"v{n}", "vni": n, "remotes": ["198.18.0.12"]} for n in range(count)]


def _timed(host: Host, ports: list[dict[str, Any]], **args: Any) -> dict[str, Any]:
    start = time.monotonic()
    result = host.must(PORT, ports=ports, **TASK, **args)
    seconds = time.monotonic() - start
    print(f"{len(ports)} ports, {len(result['actions'])} actions: {seconds:.1f} s")
    assert seconds < SECONDS
    return result


def test_a_thousand_ports(alone: Host) -> None:
    host = alone
    host.datapath("lab0")
    _timed(host, _ports(3))
    small = _timed(host, _ports(3))["netlink"]
    ports = _ports(COUNT)
    foretold = host.target.run(PORT, check=True, ports=ports, **TASK)
    assert foretold["netlink"]["dumps"] == small["dumps"]
    created = _timed(host, ports)
    assert foretold["actions"] == created["actions"]
    assert len(created["actions"]) == 2 * (COUNT - 3)
    seen = host.look()
    assert len(seen.ports["lab0"]) == COUNT + 1
    assert len(seen.flood) == COUNT
    again = _timed(host, ports)
    assert again["actions"] == []
    assert again["netlink"] == small, "reads are a few whole dumps, never one for each port"
    ports[500]["ttl"] = "9"
    (action,) = _timed(host, ports)["actions"]
    assert (action["action"], action["port"], list(action["changes"])) == (
        "change",
        "v500",
        ["ttl"],
    )
    assert host.look().vxlan("v500")["ttl"] == 9
    _timed(host, [], purge=True)
    assert host.look().ports == {"lab0": {"lab0": 0}}
