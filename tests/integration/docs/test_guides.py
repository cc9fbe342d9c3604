"""Every document, done on real kernels word for word; it leaves the hosts as it found them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.fetch import peer
from tests.integration.docs.documents import DOCUMENTS, chosen
from tests.integration.docs.guide import read
from tests.integration.docs.reader import Reader
from tests.integration.harness import Lab

# What a guide may leave neither more nor less of. Devices of the kernel's own stay out.
TRACE = """
ls -d /sys/class/net/* | grep -vE '/(lo|eth[0-9]+|ovs-system|vxlan_sys_[0-9]+|bonding_masters)$'
ip -br address show dev eth1 | tr -s ' '
ovs-vsctl --timeout=5 --columns=name list bridge
ovs-vsctl --timeout=5 --columns=name list interface
nft list tables
find /etc/systemd /etc/modules-load.d /etc/NetworkManager /usr/local/sbin /etc/nftables.conf \
    -newer /proc/1 \\( -type f -o -type l \\) 2>/dev/null
true
"""
# Makes an empty host again of one that a failed guide has left as it was.
RESET = """
systemctl is-enabled --quiet openvswitch-switch || systemctl enable openvswitch-switch
systemctl is-active --quiet openvswitch-switch || systemctl start openvswitch-switch
for bridge in $(ovs-vsctl --timeout=10 list-br); do ovs-vsctl --timeout=60 del-br "$bridge"; done
for datapath in $(ovs-dpctl dump-dps | grep -v ovs-system); do ovs-dpctl del-dp "$datapath"; done
for device in $(ip -o link show type vxlan | awk -F': ' '{print $2}'); do
    ip link delete dev "$device"
done
nft delete table inet tunnelmesh 2>/dev/null
rm -f /etc/systemd/system/tunnelmesh-* /etc/systemd/system/*.wants/tunnelmesh-*
rm -f /usr/local/sbin/tunnelmesh-* /etc/modules-load.d/tunnelmesh.conf /etc/tunnelmesh-*
rm -f /etc/systemd/network/05-tunnelmesh.* /etc/NetworkManager/conf.d/90-tunnelmesh.conf
systemctl daemon-reload
"""


def everywhere(lab: Lab, script: str) -> dict[str, str]:
    """What the script prints, by host."""
    return {host: lab.ssh(host, script, check=False).stdout for host in lab.hosts}


@pytest.fixture
def clean(lab: Lab) -> Iterator[Lab]:
    """Empty hosts before, and again after."""
    everywhere(lab, RESET)
    yield lab
    everywhere(lab, RESET)


@pytest.mark.parametrize("guide", chosen())
def test_a_reader_gets_what_the_guide_shows(
    guide: str, clean: Lab, tmp_path: Path, tarball: Path, installed: Path
) -> None:
    before = everywhere(clean, TRACE)
    shutil.copy(tarball, tmp_path)
    # Some readers come from the collection that the migration guide is about.
    older = [peer()] if guide == "migration" else []
    Reader(clean, tmp_path, installed, *older).follow(read(DOCUMENTS[guide]))
    assert everywhere(clean, TRACE) == before
