"""Right after a reboot there is no false alarm; a device that IPv6 came too late for is told of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.harness import Lab, Target
from tests.integration.info.mesh import INFO, V6, codes, must
from tests.integration.mesh.fleet import Fleet

HOST = "vtep1"


@pytest.fixture(params=["kernel", "ovsdb"])
def fleet(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Fleet]:
    """A mesh by the roles, which restores itself at boot."""
    made = Fleet(lab, request.param)
    made.must("mesh", vxlan_mesh_bfd={"enable": True})
    yield made
    made.empty()


def test_there_is_no_false_alarm_right_after_a_reboot(fleet: Fleet) -> None:
    fleet.lab.reboot(HOST)
    fleet.sh(HOST, "systemctl is-system-running --wait >/dev/null || true")
    for host in fleet.hosts:
        target = Target(fleet.lab, host)
        try:
            result = must(target, INFO, owner="vxlan_mesh", probe="all")
            assert result["problems"] == [], host
            assert result["summary"]["ok"] >= 1, "the mesh is there"
        finally:
            target.close()


@pytest.fixture
def without_ipv6(lab: Lab) -> Iterator[Target]:
    """A host that booted without the module ipv6, and got it when the tunnel was made."""
    lab.ssh(HOST, "echo 'install ipv6 /bin/true' >/etc/modprobe.d/no-ipv6.conf")
    try:
        lab.reboot(HOST)
        target = Target(lab, HOST)
        yield target
        target.close()
    finally:
        lab.ssh(HOST, "rm /etc/modprobe.d/no-ipv6.conf")
        lab.reboot(HOST)


def test_a_device_without_its_ipv6_socket_is_told_of(without_ipv6: Target) -> None:
    host = without_ipv6
    tunnel = {"name": "vx6", "bridge": "br6", "key": 6, "remote_ip": f"{V6}12"}
    first = {**tunnel, "name": "vx4", "remote_ip": "198.18.0.12"}
    common = {"bridges": [{"name": "br6"}], "purge": True}
    try:
        must(host, "ovs_vxlan_tunnel", tunnels=[first], **common)
        host.sh(f"modprobe -i ipv6; ip address replace {V6}11/64 dev eth1 nodad")
        host.sh(
            "ovs-vsctl --timeout=30 add-port br6 vx6 -- set interface vx6 type=vxlan "
            f"options:remote_ip={V6}12 options:key=6"
        )
        found = must(host, INFO, wait_timeout=0)
        assert codes(found)[:1] == ["socket_missing"], found["problems"]
        (problem,) = (one for one in found["problems"] if one["code"] == "socket_missing")
        assert (problem["affects"], problem["culprit"]) == (["vx6"], "vxlan_sys_4789")
        host.sh("ip link set vxlan_sys_4789 down; ip link set vxlan_sys_4789 up")
        assert "socket_missing" not in codes(must(host, INFO, wait_timeout=0))
    finally:
        host.sh("ovs-vsctl --timeout=30 --if-exists del-br br6")
