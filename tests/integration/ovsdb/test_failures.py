"""Failures provoked for real: the right message, the rows as before, the others unharmed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ovsdb.conftest import BRIDGE, Peer
from tests.integration.ovsdb.witness import RUN, Ovs, eventually

FLANNEL = (
    "ip link add flannel.1 type vxlan id 1 dstport {port} local 198.18.0.11 && "
    "ip link set flannel.1 up"
)
NEW: dict[str, Any] = {"name": "vxb", "bridge": "br0", "remote_ip": "198.18.0.13", "key": "5"}


def _unharmed(alive: Ovs, peer: Peer, rows: dict[str, Any]) -> None:
    assert alive.configuration() == rows
    assert alive.pings(peer.overlay)


def test_another_vxlan_device_holds_the_port(alive: Ovs, peer: Peer) -> None:
    alive.sh(FLANNEL.format(port=4790))
    rows = alive.configuration()
    message = alive.fails(**NEW, dst_port=4790)
    assert "UDP port 4790 is not free" in message
    assert "flannel.1 (vxlan, VNI 1, port 4790)" in message
    _unharmed(alive, peer, rows)


def test_a_process_holds_the_port(alive: Ovs, peer: Peer) -> None:
    rows = alive.configuration()
    with alive.socket_on(4790) as pid:
        message = alive.fails(**NEW, dst_port=4790)
    assert f"process python3 (pid {pid})" in message
    _unharmed(alive, peer, rows)


@pytest.mark.parametrize("holder", ["device", "process"])
def test_a_clash_that_only_vswitchd_meets_is_rolled_back(
    alive: Ovs, peer: Peer, holder: str
) -> None:
    """Without a look at the kernel the transaction is tried, refused and undone."""
    before = alive.settings()
    wanted = {**NEW, "dst_port": 4790, "verify_kernel": False}
    if holder == "device":
        alive.sh(FLANNEL.format(port=4790))
        result = alive(**wanted)
    else:
        with alive.socket_on(4790):
            result = alive(**wanted)
    assert result["failed"]
    assert "vxb" in result["cause"]
    assert "Address already in use" in result["cause"]
    assert result["rolled_back"] is True
    assert "undone" in result["msg"]
    assert alive.settings() == before
    assert alive.pings(peer.overlay)


def test_rollback_false_keeps_the_failed_state(alive: Ovs) -> None:
    wanted = {**NEW, "dst_port": 4790}
    with alive.socket_on(4790):
        result = alive(**wanted, verify_kernel=False, rollback=False)
        assert result["failed"]
        assert "rolled_back" not in result
        assert "Address already in use" in alive.interface("vxb")["error"]
        message = alive.fails(**wanted)
        assert "process python3" in message
        assert "UDP port 4790" in message
    eventually(lambda: alive.interface("vxb")["error"] == ["set", []], "ovs-vswitchd recovers")
    assert alive.apply(**wanted)["actions"] == []


def test_refused_tunnels_are_tried_again(alive: Ovs) -> None:
    """The cause is gone, and nothing has woken ovs-vswitchd since."""
    wanted = {**NEW, "remote_ip": "198.18.0.14"}
    alive.vsctl(
        "add-port br0 twin -- set interface twin type=vxlan options:remote_ip=198.18.0.14 "
        "options:key=5"
    )
    alive.sh(
        "ovs-vsctl add-port br0 vxb -- set interface vxb type=vxlan options:key=5 "
        "options:remote_ip=198.18.0.14 options:dst_port=4789 external_ids:tunnelmesh-owner=default",
        check=False,
    )
    assert "File exists" in alive.interface("vxb")["error"]
    assert "port twin on bridge br0" in alive.fails(**wanted)
    # One transaction: ovs-vswitchd meets the second before it has let go of the first.
    alive.sh("ovs-vsctl --no-wait del-port twin")
    alive.apply(**wanted)
    assert alive.interface("vxb")["ofport"] > 0
    assert alive.apply(**wanted)["actions"] == []


def test_gbp_cannot_join_plain_tunnels(alive: Ovs, peer: Peer) -> None:
    rows = alive.configuration()
    message = alive.fails(**NEW, extensions=["gbp"])
    assert "with extensions gbp and with none cannot share UDP port 4789" in message
    assert "port vxa on bridge br0" in message
    _unharmed(alive, peer, rows)


def test_duplicate_on_another_bridge(alive: Ovs, peer: Peer) -> None:
    alive.vsctl(
        "add-br br9 -- add-port br9 fgn -- set interface fgn type=vxlan "
        "options:remote_ip=198.18.0.13 options:in_key=0x5"
    )
    rows = alive.configuration()
    message = alive.fails(**NEW)
    assert "remote_ip 198.18.0.13, local_ip unset, key 5 and dst_port 4789" in message
    assert "port fgn on bridge br9" in message
    _unharmed(alive, peer, rows)


def test_vswitchd_stopped(alive: Ovs, peer: Peer) -> None:
    before = alive.settings()
    with alive.stopped():
        result = alive(**NEW, wait_timeout=3)
        assert (
            "the database is updated, ovs-vswitchd did not confirm it within 3 s" in result["msg"]
        )
        assert "is stopped" in result["culprit"]
        assert result["rolled_back"] is True
        assert alive.settings() == before
        again = alive.fails(**NEW, wait_timeout=2)
        assert "has not carried out an earlier change" in again
        assert "nothing was touched" in again
    assert alive.settings() == before
    assert alive.pings(peer.overlay)
    alive.apply(**NEW)


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
        alive.sh(f"rm -r {folder}; systemctl daemon-reload; systemctl restart openvswitch-switch")
    eventually(lambda: alive.pings(peer.overlay), "the overlay is back")


def _dead_vswitchd(alive: Ovs, before: dict[str, Any]) -> None:
    eventually(
        lambda: not alive.sh("pgrep -x ovs-vswitchd", check=False).strip(), "ovs-vswitchd is dead"
    )
    message = alive.fails(**NEW, wait_timeout=3)
    assert "ovs-vswitchd is not running" in message
    assert alive.settings() == before


def test_database_socket_absent(alive: Ovs, peer: Peer) -> None:
    alive.sh(f"mv {RUN}/db.sock {RUN}/hidden.sock")
    try:
        message = alive.fails(**NEW)
    finally:
        alive.sh(f"mv {RUN}/hidden.sock {RUN}/db.sock")
    assert "unix:/var/run/openvswitch/db.sock" in message
    assert "start Open vSwitch" in message
    assert alive.pings(peer.overlay)


def test_database_hangs(alive: Ovs, peer: Peer) -> None:
    """ovsdb-server takes the connection and never answers."""
    alive.sh(f"kill -STOP $(cat {RUN}/ovsdb-server.pid)")
    try:
        message = alive.fails(**NEW, wait_timeout=3)
    finally:
        alive.sh(f"kill -CONT $(cat {RUN}/ovsdb-server.pid)")
    assert "did not answer within" in message
    assert alive.pings(peer.overlay)


def test_ipv6_switched_off(alive: Ovs, peer: Peer) -> None:
    before = alive.settings()
    wanted = {**NEW, "remote_ip": "fd00:198:18::13", "dst_port": 4790}
    alive.sh("modprobe ipv6; sysctl -q net.ipv6.conf.all.disable_ipv6=1")
    try:
        result = alive(**wanted)
    finally:
        alive.sh("sysctl -q net.ipv6.conf.all.disable_ipv6=0")
    assert "IPv6 is off on this host" in result.get("msg", ""), result
    assert alive.settings() == before
    assert alive.pings(peer.overlay)


def test_a_bridge_that_does_not_exist(alive: Ovs) -> None:
    message = alive.fails(**{**NEW, "bridge": "br7"})
    assert "bridge br7 does not exist" in message


def test_an_mtu_that_the_local_port_refuses_is_rolled_back(alive: Ovs) -> None:
    before = alive.settings()
    result = alive(**NEW, bridges=[{**BRIDGE, "mtu": 65535}])
    if not result.get("failed"):  # this kernel takes it: then it is what the device shows
        link = alive.target.link("br0")
        assert link is not None
        assert link["mtu"] == 65535
        return
    assert "MTU" in result["msg"]
    assert alive.settings() == before
