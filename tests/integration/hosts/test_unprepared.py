"""A host that lacks the packages: the mesh installs them, and what it found says so before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.hosts import debs
from tests.integration.mesh.fleet import Fleet

PACKAGES = ("openvswitch-switch", "python3-pyroute2")
# The sources are new to the host: it has no list of their packages yet.
REMOVE = (
    f"dpkg --purge --force-depends {' '.join(PACKAGES)} && rm -rf /var/lib/apt/lists/* && "
    "systemctl daemon-reload"  # as after a boot: nothing is left of the units
)
INSTALLED = (
    "dpkg-query -W -f '${db:Status-Status}\\n' " + " ".join(PACKAGES) + "; command -v ovs-vswitchd"
)


@pytest.fixture
def bare(bridged: Fleet, tmp_path: Path) -> Iterator[Fleet]:
    """Empty hosts; vtep3 has neither Open vSwitch nor pyroute2, and a source to get them from."""
    bridged.sh("vtep3", REMOVE)
    debs.offer(bridged.lab, "vtep3", PACKAGES, tmp_path)
    yield bridged
    if bridged.sh("vtep3", INSTALLED, check=False).split()[:2] != ["installed"] * 2:
        bridged.sh("vtep3", f"dpkg -i {debs.REMOTE}/*.deb >/dev/null 2>&1")
    bridged.sh("vtep3", debs.NO_SOURCE)


def test_a_host_without_packages(bare: Fleet) -> None:
    managed = ("-e", "vtep_manage_packages=true", "-e", "vxlan_mesh_backend=auto")
    # A dry run cannot know what is in a database that is not there; it says so and goes on.
    dry = bare.must("mesh", "--check", *managed)
    assert dry.hosts == set(bare.hosts)
    assert not bare.sh("vtep3", "command -v ovs-vswitchd; ls /etc/tunnelmesh* 2>/dev/null; true")
    run = bare.must("mesh", *managed)
    assert run.hosts == set(bare.hosts)
    installed = {
        host
        for host, tasks in run.changes.items()
        if any("Install Open vSwitch" in task for task in tasks)
    }
    assert installed == {"vtep3"}
    assert bare.sh("vtep3", INSTALLED).split() == ["installed"] * 2 + ["/usr/sbin/ovs-vswitchd"]
    assert bare.remotes("vtep3") == set(bare.underlay.values()) - {bare.underlay["vtep3"]}
    bare.assert_carries(1450)
    # Now that nothing is missing, no package manager is asked: it would find no source.
    bare.sh("vtep3", debs.NO_SOURCE)
    assert not bare.must("mesh", *managed).hosts
