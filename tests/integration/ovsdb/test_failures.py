"""Failures provoked for real: the right message, the rows as before, the others unharmed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.ovsdb.conftest import BRIDGE, Peer
from tests.integration.ovsdb.witness import RUN, Ovs, eventually

FLANNEL = (
    "ip link add flannel.1 type vxlan id 1 dstport {port} local 198.18.0.11 && "
    "ip link set flannel.1 up"
)
NEW: dict[str, Any] = {"name": "vxb", "bridge": "br0", "remote_ip": "198.18.0.13", "key": "5"}


@pytest.fixture
def steady(alive: Ovs, peer: Peer) -> Iterator[Ovs]:
    """A host with a working tunnel that does not lose a packet, whatever happens to others."""
    with alive.stream(peer.overlay):
        yield alive


def _unharmed(steady: Ovs, peer: Peer, rows: dict[str, Any]) -> None:
    assert steady.configuration() == rows
    assert steady.pings(peer.overlay)


def test_another_vxlan_device_holds_the_port(steady: Ovs, peer: Peer) -> None:
    steady.sh(FLANNEL.format(port=4790))
    rows = steady.configuration()
    message = steady.fails(**NEW, dst_port=4790)
    assert "UDP port 4790 is not free" in message
    assert "flannel.1 (vxlan, VNI 1, port 4790)" in message
    _unharmed(steady, peer, rows)


def test_a_process_holds_the_port(steady: Ovs, peer: Peer) -> None:
    rows = steady.configuration()
    with steady.socket_on(4790) as pid:
        message = steady.fails(**NEW, dst_port=4790)
    assert f"process python3 (pid {pid})" in message
    _unharmed(steady, peer, rows)


@pytest.mark.parametrize("holder", ["device", "process"])
def test_a_clash_that_only_vswitchd_meets_is_rolled_back(
    steady: Ovs, peer: Peer, holder: str
) -> None:
    """Without a look at the kernel the transaction is tried, refused and undone."""
    before = steady.settings()
    wanted = {**NEW, "dst_port": 4790, "verify_kernel": False}
    if holder == "device":
        steady.sh(FLANNEL.format(port=4790))
        result = steady(**wanted)
    else:
        with steady.socket_on(4790):
            result = steady(**wanted)
    assert result["failed"]
    assert "vxb" in result["cause"]
    assert "Address already in use" in result["cause"]
    assert result["rolled_back"] is True
    assert "undone" in result["msg"]
    assert steady.settings() == before
    assert steady.pings(peer.overlay)


def test_rollback_false_keeps_the_failed_state(steady: Ovs) -> None:
    wanted = {**NEW, "dst_port": 4790}
    with steady.socket_on(4790):
        result = steady(**wanted, verify_kernel=False, rollback=False)
        assert result["failed"]
        assert "rolled_back" not in result
        assert "Address already in use" in steady.interface("vxb")["error"]
        message = steady.fails(**wanted)
        assert "process python3" in message
        assert "UDP port 4790" in message
    # ovs-vswitchd may have noticed by itself that the port is free.
    actions = [one["action"] for one in steady.apply(**wanted)["actions"]]
    assert actions in ([], ["retry"])
    assert steady.interface("vxb")["ofport"] > 0
    assert steady.udp_open(4790)


def test_refused_tunnels_are_tried_again(steady: Ovs) -> None:
    """The cause is gone, and nothing has woken ovs-vswitchd since."""
    wanted = {**NEW, "remote_ip": "198.18.0.14"}
    steady.vsctl(
        "add-port br0 twin -- set interface twin type=vxlan options:remote_ip=198.18.0.14 "
        "options:key=5"
    )
    steady.sh(
        "ovs-vsctl add-port br0 vxb -- set interface vxb type=vxlan options:key=5 "
        "options:remote_ip=198.18.0.14 options:dst_port=4789 external_ids:tunnelmesh-owner=default",
        check=False,
    )
    assert "File exists" in steady.interface("vxb")["error"]
    assert "port twin on bridge br0" in steady.fails(**wanted)
    # One transaction: ovs-vswitchd meets the second before it has let go of the first.
    steady.sh("ovs-vsctl --no-wait del-port twin")
    steady.apply(**wanted)
    assert steady.interface("vxb")["ofport"] > 0
    assert steady.apply(**wanted)["actions"] == []


def test_gbp_cannot_join_plain_tunnels(steady: Ovs, peer: Peer) -> None:
    rows = steady.configuration()
    message = steady.fails(**NEW, extensions=["gbp"])
    assert "with extensions gbp and with none cannot share UDP port 4789" in message
    assert "port vxa on bridge br0" in message
    _unharmed(steady, peer, rows)


def test_duplicate_on_another_bridge(steady: Ovs, peer: Peer) -> None:
    steady.vsctl(
        "add-br br9 -- add-port br9 fgn -- set interface fgn type=vxlan "
        "options:remote_ip=198.18.0.13 options:in_key=0x5"
    )
    rows = steady.configuration()
    message = steady.fails(**NEW)
    assert "remote_ip 198.18.0.13, local_ip unset, key 5 and dst_port 4789" in message
    assert "port fgn on bridge br9" in message
    _unharmed(steady, peer, rows)


def test_vswitchd_stopped(steady: Ovs, peer: Peer) -> None:
    before = steady.settings()
    with steady.stopped():
        result = steady(**NEW, wait_timeout=2)
        assert (
            "the database is updated, ovs-vswitchd did not confirm it within 2 s" in result["msg"]
        )
        assert "is stopped" in result["culprit"]
        assert result["rolled_back"] is True
        assert steady.settings() == before
        again = steady.fails(**NEW, wait_timeout=2)
        assert "has not carried out an earlier change" in again
        assert "nothing was touched" in again
    assert steady.settings() == before
    assert steady.pings(peer.overlay)
    steady.apply(**NEW)


def test_vswitchd_killed(alive: Ovs, peer: Peer) -> None:
    before = alive.settings()
    folder = "/run/systemd/system/ovs-vswitchd.service.d"
    alive.sh(
        f"mkdir -p {folder} && printf '[Service]\\nRestart=no\\n' >{folder}/test.conf && "
        f"systemctl daemon-reload && kill -KILL $(cat {RUN}/ovs-vswitchd.pid)"
    )
    try:
        _dead_vswitchd(alive, before)
    finally:
        alive.sh(f"rm -r {folder}; systemctl daemon-reload; systemctl start ovs-vswitchd")
    eventually(lambda: alive.pings(peer.overlay), "the overlay is back")


def _dead_vswitchd(alive: Ovs, before: dict[str, Any]) -> None:
    eventually(
        lambda: not alive.sh("pgrep -x ovs-vswitchd", check=False).strip(), "ovs-vswitchd is dead"
    )
    message = alive.fails(**NEW, wait_timeout=2)
    assert "ovs-vswitchd is not running" in message
    assert alive.settings() == before


def test_database_socket_absent(steady: Ovs, peer: Peer) -> None:
    steady.sh(f"mv {RUN}/db.sock {RUN}/hidden.sock")
    try:
        message = steady.fails(**NEW)
    finally:
        steady.sh(f"mv {RUN}/hidden.sock {RUN}/db.sock")
    assert "unix:/var/run/openvswitch/db.sock" in message
    assert "start Open vSwitch" in message
    assert steady.pings(peer.overlay)


def test_database_hangs(steady: Ovs, peer: Peer) -> None:
    """ovsdb-server takes the connection and never answers."""
    steady.sh(f"kill -STOP $(cat {RUN}/ovsdb-server.pid)")
    try:
        message = steady.fails(**NEW, wait_timeout=2)
    finally:
        steady.sh(f"kill -CONT $(cat {RUN}/ovsdb-server.pid)")
    assert "did not answer within" in message
    assert steady.pings(peer.overlay)


def test_ipv6_switched_off(steady: Ovs, peer: Peer) -> None:
    before = steady.settings()
    wanted = {**NEW, "remote_ip": "fd00:198:18::13", "dst_port": 4790}
    steady.sh("modprobe ipv6; sysctl -q net.ipv6.conf.all.disable_ipv6=1")
    try:
        result = steady(**wanted)
    finally:
        steady.sh("sysctl -q net.ipv6.conf.all.disable_ipv6=0")
    assert "IPv6 is off on this host" in result.get("msg", ""), result
    assert steady.settings() == before
    assert steady.pings(peer.overlay)


def test_a_bridge_that_does_not_exist(steady: Ovs) -> None:
    message = steady.fails(**{**NEW, "bridge": "br7"})
    assert "bridge br7 does not exist" in message


def test_an_mtu_that_the_local_port_refuses_is_rolled_back(steady: Ovs) -> None:
    before = steady.settings()
    result = steady(**NEW, bridges=[{**BRIDGE, "mtu": 65535}])
    if not result.get("failed"):  # this kernel takes it: then it is what the device shows
        link = steady.target.link("br0")
        assert link is not None
        assert link["mtu"] == 65535
        return
    assert "MTU" in result["msg"]
    assert steady.settings() == before
