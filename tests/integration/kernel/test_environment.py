"""What a host lacks: privileges, a library, kernel modules, a free lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.harness import Lab, Target
from tests.integration.kernel.host import DATAPATH, PORT, Host
from tests.integration.kernel.witness import eventually

NOBODY = 65534
TASK: dict[str, Any] = {"name": "vx", "vni": 1, "state": "detached"}


@contextmanager
def without_module(host: Host, *modules: str) -> Iterator[None]:
    """Kernel modules are not there and cannot be loaded.

    ovs-vswitchd rests meanwhile: it would not find the family of another load of openvswitch.
    """
    rules = "".join(f"install {name} /bin/false\\n" for name in modules)
    host.sh(f"systemctl stop openvswitch-switch && printf '{rules}' > /etc/modprobe.d/none.conf")
    try:
        host.sh(f"rmmod {' '.join(modules)}")
        yield
    finally:
        host.sh(
            "rm /etc/modprobe.d/none.conf && modprobe vport_vxlan "
            "&& systemctl start openvswitch-switch"
        )


@pytest.mark.parametrize(("module", "task"), [(PORT, TASK), (DATAPATH, {"name": "lab0"})])
def test_an_ordinary_user(host: Host, module: str, task: dict[str, Any]) -> None:
    before = host.look()
    for check in (True, False):
        error = host.target.run.spoiled(module, {"uid": NOBODY, "check": check}, **task)
        assert error["failed"]
        assert "CAP_NET_ADMIN" in error["cause"]
        assert f"uid {NOBODY}" in error["culprit"]
        assert "become: true" in error["remedy"]
    assert host.look() == before


def test_the_python_library_is_missing(host: Host) -> None:
    """A dry run goes on, since an earlier task of the play may install it."""
    before = host.look()
    foretold = host.target.run.spoiled(PORT, {"bare": True, "check": True}, **TASK)
    assert [entry["action"] for entry in foretold["actions"]] == ["create"]
    assert "pyroute2" in str(foretold["warnings"])
    error = host.target.run.spoiled(PORT, {"bare": True}, **TASK)
    assert error["failed"]
    assert "pyroute2 is missing" in error["cause"]
    assert "install python3-pyroute2" in error["remedy"]
    assert host.look() == before


def test_the_kernel_module_is_missing(host: Host) -> None:
    with without_module(host, "vport_vxlan", "openvswitch"):
        before = host.look()
        for module in (PORT, DATAPATH):
            for check in (True, False):
                error = host.target.run(module, check=check, name="vx9", state="absent")
                assert error["failed"]
                assert "no netlink family 'ovs_datapath'" in error["cause"]
                assert error["culprit"] == "kernel module 'openvswitch' is not loaded"
                assert "modprobe openvswitch" in error["remedy"]
        assert host.look() == before


def test_the_vport_class_is_missing(host: Host) -> None:
    host.datapath("lab0")
    with without_module(host, "vport_vxlan"):
        error = host.refused(
            PORT,
            in_dry_run=False,
            datapath="lab0",
            ports=[
                {"name": "a1", "vni": 1},
                {"name": "b1", "dst_port": 5001, "vport_type": "vxlan"},
            ],
        )
    assert "cannot create port b1" in error["cause"]
    assert "modprobe vport-vxlan" in error["remedy"]
    assert error["rolled_back"] is True


def test_the_device_kind_is_missing(host: Host) -> None:
    with without_module(host, "vport_vxlan", "vxlan"):
        error = host.refused(PORT, in_dry_run=False, **TASK)
    assert "cannot create port vx" in error["cause"]
    assert "Unknown device type" in error["cause"]
    assert "modprobe vxlan" in error["remedy"]


def test_another_run_holds_the_lock(host: Host) -> None:
    holder = (
        "import socket, time; s = socket.socket(socket.AF_UNIX); "
        "s.bind(chr(0) + chr(116) + 'unnelmesh.ovs'); s.listen(1); time.sleep(3600)"
    )
    pid = host.sh(f'nohup python3 -c "{holder}" >/dev/null 2>&1 & echo $!').strip()
    eventually(lambda: "@tunnelmesh.ovs" in host.sh("cat /proc/net/unix"), "no lock is held")
    try:
        before = host.look()
        error = host.target.run.spoiled(PORT, {"patience": 0.5}, **TASK)
        assert error["failed"]
        assert "another run holds the lock" in error["cause"]
        assert error["culprit"] == f"process python3 (pid {pid})"
        assert error["netlink"]["writes"] == 0
        assert host.look() == before
        assert host.target.run(PORT, check=True, **TASK)["changed"], "a dry run needs no lock"
    finally:
        host.sh(f"kill {pid}")
    assert host.must(PORT, **TASK)["changed"], "the lock goes with its holder"


def test_the_kernel_has_no_ipv6_and_gets_it_later(lab: Lab) -> None:
    """The module cannot be unloaded, so the host boots without it, and with it again.

    A device for both families, made before IPv6 came, has no socket of it until it is set up anew.
    """
    lab.ssh("vtep3", "echo 'install ipv6 /bin/false' >/etc/modprobe.d/none.conf && sync")
    try:
        lab.reboot("vtep3")
        target = Target(lab, "vtep3")
        try:
            _ipv6_is_refused(Host(target))
            _ipv6_comes_later(Host(target))
        finally:
            target.close()
    finally:
        lab.ssh("vtep3", "rm -f /etc/modprobe.d/none.conf && sync")
        lab.reboot("vtep3")


def _ipv6_is_refused(host: Host) -> None:
    error = host.refused(
        PORT,
        in_dry_run=False,
        ports=[{**TASK, "name": "v4"}, {**TASK, "vni": 2, "local_ip": "fd00:198:18::13"}],
        state="detached",
    )
    assert "IPv6" in error["msg"]
    assert "modprobe ipv6" in error["remedy"]
    assert error["rolled_back"] is True


def _ipv6_comes_later(host: Host) -> None:
    def told() -> list[tuple[str, str]]:
        look = host.must("ovs_vxlan_info", gather=[], probe="none")
        return [(found["code"], found["cause"]) for found in look["problems"]]

    port = {"name": "both", "dst_port": 4790, "state": "detached"}
    host.must(PORT, **port)
    before = told()
    host.sh("rm /etc/modprobe.d/none.conf && modprobe ipv6")
    assert "socket_missing" not in dict(before)
    cause = dict(told())["socket_missing"]
    assert cause == "both is up and has no IPv6 socket on UDP port 4790"
    host.sh("ip link set both down && ip link set both up")
    assert "socket_missing" not in dict(told())
    assert (6, 4790) in host.look().udp
