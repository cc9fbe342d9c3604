"""The kernel refuses a step half-way: what the run did is undone, and the culprit is named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host

OLD = [
    {"name": "kept", "vni": 1, "remotes": ["198.18.0.12"], "port_no": 11},
    {"name": "changed", "vni": 2, "remotes": ["198.18.0.12"], "port_no": 12},
    {"name": "recreated", "vni": 3, "remotes": ["198.18.0.13"], "port_no": 13, "ttl": "9"},
    {"name": "removed", "vni": 4, "remotes": ["198.18.0.12", "198.18.0.13"], "port_no": 14},
    {"name": "own", "dst_port": 6001, "vport_type": "vxlan", "port_no": 15, "mtu": "1400"},
    {"name": "freed", "vni": 6, "port_no": 16},
    {"name": "moved", "vni": 7, "port_no": 17},
]
NEW: list[dict[str, Any]] = [
    OLD[0],
    {**OLD[1], "ttl": "9", "mtu": "1300", "remotes": ["198.18.0.13"]},
    {**OLD[2], "vni": 33},
    {"name": "removed", "state": "absent"},
    {**OLD[4], "dst_port": 6002},
    {"name": "freed", "vni": 6, "state": "detached"},
    {**OLD[6], "port_no": 18},
    {"name": "new", "vni": 8, "remotes": ["198.18.0.12"]},
]
# A socket for both address families: /proc does not tell, so only the kernel can refuse it.
BAD = {"name": "bad", "vni": 9, "dst_port": 5001}


@pytest.fixture
def built(host: Host) -> Host:
    """A host with a set of ports, and somebody else's."""
    host.datapath("lab0")
    host.must(PORT, ports=OLD, datapath="lab0")
    host.sh(
        "ip link add hand up type vxlan id 99 dstport 7000 && ovs-dpctl add-if lab0 hand "
        "&& bridge fdb append 00:00:00:00:00:00 dev hand dst 198.18.0.12"
    )
    return host


@pytest.mark.parametrize("position", [0, 4, len(NEW)])
def test_one_of_many_fails(built: Host, position: int) -> None:
    ports = [*NEW[:position], BAD, *NEW[position:]]
    with built.udp_socket("::", 5001) as pid:
        error = built.refused(PORT, in_dry_run=False, ports=ports, datapath="lab0")
    assert "cannot create port bad" in error["cause"]
    assert "EADDRINUSE" in error["cause"]
    assert error["culprit"] == f"UDP port 5001 is held by process python3 (pid {pid})"
    assert "choose another dst_port" in error["remedy"]
    assert error["rolled_back"] is True
    assert "undone" in error["msg"]
    assert "leftovers" not in error
    run = built.ports(NEW, datapath="lab0")
    assert run.after.vxlan("recreated")["id"] == 33


def test_ipv6_is_off_on_the_underlay_device(built: Host) -> None:
    bad = {"name": "bad", "vni": 9, "local_ip": "fd00:198:18::11", "dev": "eth1"}
    knob = "/proc/sys/net/ipv6/conf/eth1/disable_ipv6"
    built.sh(f"echo 1 > {knob}")
    try:
        error = built.refused(PORT, in_dry_run=False, ports=[*NEW, bad], datapath="lab0")
    finally:
        built.sh(f"echo 0 > {knob}")
    assert "IPv6 support disabled by administrator" in error["cause"]
    assert error["culprit"] == "sysctl net.ipv6.conf.eth1.disable_ipv6"
    assert "enable IPv6" in error["remedy"]
    assert error["rolled_back"] is True


def test_a_device_that_carries_a_macvlan_cannot_be_linked(built: Host) -> None:
    """EBUSY looks like a lost race at first; the final message names the culprit all the same."""
    built.must(PORT, name="below", vni=10, state="detached")
    built.sh("ip link add above link below type macvlan")
    ports = [*NEW, {"name": "below", "vni": 10, "ttl": "9"}]
    error = built.refused(PORT, in_dry_run=False, ports=ports, datapath="lab0")
    assert "cannot link port below" in error["cause"]
    assert "above" in error["culprit"]
    assert "macvlan" in error["culprit"]
    assert error["rolled_back"] is True


def test_an_address_that_the_local_port_cannot_have(host: Host) -> None:
    host.must(DATAPATH, name="lab0", address=["198.19.1.1/24"], mtu=1400)
    host.sh("echo 1 > /proc/sys/net/ipv6/conf/lab0/disable_ipv6")
    error = host.refused(
        DATAPATH,
        in_dry_run=False,
        datapaths=[
            {"name": "lab1"},
            {"name": "lab0", "address": ["198.19.1.2/24", "fd00::1/64"], "mtu": 1300},
        ],
    )
    assert "cannot change datapath lab0" in error["cause"]
    assert error["rolled_back"] is True
