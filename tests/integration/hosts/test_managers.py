"""Network managers on a real host: our files keep them off the devices of the mesh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.hosts.debs import install
from tests.integration.mesh.ears import wait
from tests.integration.mesh.fleet import Fleet

OURS = "/etc/systemd/network/05-tunnelmesh"
# What an administrator could have there for other devices, written too widely.
THEIRS = """
mkdir -p /etc/systemd/network
printf '[Match]\nName=vx* dp-*\n[Link]\nMTUBytes=1300\n' >/etc/systemd/network/50-theirs.network
"""
NETWORKD = "systemctl unmask systemd-networkd; systemctl restart systemd-networkd"
NO_NETWORKD = (
    "systemctl stop systemd-networkd.socket systemd-networkd; rm -f /etc/systemd/network/50-*"
)
UDEV = """
systemctl unmask systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket
systemctl start systemd-udevd
"""
# Both managers wait for udev to have seen a device, which it did not where it was started later.
SEEN = "udevadm trigger --settle --action=add /sys/class/net/vx100 /sys/class/net/dp-lab"
NO_UDEV = "systemctl stop systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd"
# The lab's own devices are not what is tested.
MANAGER = """
mkdir -p /etc/NetworkManager/conf.d
printf '[keyfile]\nunmanaged-devices=interface-name:eth0;interface-name:eth1\n' \
    >/etc/NetworkManager/conf.d/10-lab.conf
"""
NO_MANAGER = """
if test -e /usr/sbin/NetworkManager; then
    systemctl stop NetworkManager; dpkg --purge network-manager; rm -rf /etc/NetworkManager
fi >/dev/null 2>&1
"""


@pytest.fixture
def prepared(kernel: Fleet) -> Iterator[Fleet]:
    """A mesh, and managers on vtep1 that are stopped afterwards."""
    kernel.built()
    kernel.sh("vtep1", THEIRS)
    yield kernel
    kernel.sh("vtep1", f"{NO_MANAGER}\n{NO_NETWORKD}; {NO_UDEV}; true", check=False)


def mtus(fleet: Fleet) -> list[int]:
    links = [fleet.link("vtep1", name) for name in ("vx100", "dp-lab")]
    return [link["mtu"] for link in links if link]


def setups(fleet: Fleet) -> set[str]:
    """What networkd does with our devices, in its own words."""
    lines = fleet.sh("vtep1", "networkctl --no-legend --no-pager list vx100 dp-lab").splitlines()
    return {line.split()[4] for line in lines}


def test_networkd_leaves_the_devices_alone(prepared: Fleet) -> None:
    prepared.sh("vtep1", f"{UDEV}{SEEN}; {NETWORKD}")
    wait(lambda: setups(prepared) == {"unmanaged"}, "networkd has decided on the devices")
    assert mtus(prepared) == [1450, 1450]
    prepared.assert_carries(1450)
    # The control: without our file it does what the other file says.
    prepared.sh("vtep1", f"mv {OURS}.network /run/ && {NETWORKD}")
    wait(lambda: mtus(prepared) == [1300, 1300], "networkd follows the other file")
    prepared.sh("vtep1", f"mv /run/05-tunnelmesh.network {OURS}.network && {NETWORKD}")
    assert prepared.must("mesh").hosts == {"vtep1"}
    prepared.assert_carries(1450)


def test_udev_keeps_addresses_and_names(prepared: Fleet) -> None:
    prepared.sh("vtep1", UDEV)
    prepared.must("teardown")
    prepared.must("mesh")
    prepared.sh("vtep1", "udevadm settle --timeout=60")
    for name in ("vx100", "dp-lab"):
        applied = prepared.sh(
            "vtep1", f"udevadm test-builtin net_setup_link /sys/class/net/{name} 2>/dev/null"
        )
        assert f"ID_NET_LINK_FILE={OURS}.link" in applied.splitlines()
    assert not prepared.must("mesh").hosts
    prepared.assert_carries(1450)


def states(fleet: Fleet) -> dict[str, str]:
    """Device -> what NetworkManager says about it."""
    lines = fleet.sh("vtep1", "nmcli -t -f DEVICE,STATE device").splitlines()
    return dict(line.split(":", 1) for line in lines)


def test_networkmanager_leaves_the_devices_alone(prepared: Fleet, tmp_path: Path) -> None:
    prepared.sh("vtep1", UDEV + MANAGER)
    install(prepared.lab, "vtep1", "network-manager", tmp_path)
    prepared.sh("vtep1", f"systemctl start NetworkManager && {SEEN} && nmcli general status")
    ours = ("vx100", "dp-lab")
    # The control: it takes a VXLAN device for its own that nobody told it about.
    wait(lambda: states(prepared).get("vx100", "unmanaged") != "unmanaged", "vx100 is managed")
    # The folder is there now, so the role writes its file, and has it read.
    assert prepared.must("mesh").hosts == {"vtep1"}
    wait(lambda: {states(prepared).get(name) for name in ours} == {"unmanaged"}, "left alone")
    assert not prepared.must("mesh").hosts
    prepared.assert_carries(1450)
    prepared.sh("vtep1", "systemctl restart NetworkManager && nmcli general status")
    wait(lambda: {states(prepared).get(name) for name in ours} == {"unmanaged"}, "left alone again")
    prepared.assert_carries(1450)
