"""The real NetworkManager takes a device of ours, and is told of; listed as unmanaged it is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.info.mesh import ON_KERNEL, Mesh, codes
from tests.integration.info_more.packages import unpacked

AT = "/opt/network-manager"
CONFIG = "/etc/NetworkManager/NetworkManager.conf"
# The management device of the lab stays as it is, whatever else is managed.
START = f"""
mkdir -p /etc/NetworkManager
cp {AT}/usr/share/dbus-1/system.d/*NetworkManager.conf /usr/share/dbus-1/system.d/
systemctl start dbus; systemctl reload dbus
export LD_LIBRARY_PATH={AT}/usr/lib/x86_64-linux-gnu:{AT}/lib/x86_64-linux-gnu
setsid nohup {AT}/usr/sbin/NetworkManager --no-daemon --config={CONFIG} \
    </dev/null >/run/network-manager.log 2>&1 &
echo $! >/run/network-manager.pid
"""
STOP = "kill $(cat /run/network-manager.pid); rm -rf /run/NetworkManager /etc/NetworkManager"
DEADLINE = 60.0


def _configure(mesh: Mesh, unmanaged: str) -> None:
    mesh.first.sh(
        f"mkdir -p /etc/NetworkManager; printf '[main]\\nplugins=keyfile\\nno-auto-default=*\\n"
        f"[keyfile]\\nunmanaged-devices={unmanaged}\\n' >{CONFIG}"
    )


@pytest.fixture
def manager(mesh: Mesh) -> Iterator[None]:
    """It runs on the first host, and manages vx4 and vx6."""
    mesh.first.sh(f"rm -rf {AT}")
    mesh.first.lab.push(mesh.first.host, unpacked(), AT)
    _configure(mesh, "interface-name:eth*,interface-name:lo,interface-name:dp-info")
    mesh.first.sh(START)
    try:
        yield
    finally:
        mesh.first.sh(STOP)


def _until(mesh: Mesh, wanted: set[str]) -> dict[str, Any]:
    end = time.monotonic() + DEADLINE
    while True:
        found = mesh.look(wait_timeout=0)
        if set(codes(found)) == wanted:
            return found
        log = mesh.first.sh("tail -20 /run/network-manager.log")
        assert time.monotonic() < end, f"{found['problems']}\n{log}"


@ON_KERNEL
@pytest.mark.usefixtures("manager")
def test_networkmanager_is_told_of_where_it_manages_a_device(mesh: Mesh) -> None:
    found = _until(mesh, {"networkmanager_manages"})
    assert found["status"] == "warning"
    (devices,) = ({problem["culprit"] for problem in found["problems"]},)
    assert devices == {"vx4", "vx6"}
    _configure(mesh, "interface-name:*")
    mesh.first.sh("kill -HUP $(cat /run/network-manager.pid)")
    _until(mesh, set())
