"""The firewall's unit is run at boot, before the network is set up.

The lab's kernel is built without nf_tables, so nft itself refuses the table on it. What the table
does is shown by tests/integration/firewall, on a kernel that has it; here is shown that a host runs
nft with our file at the right moment.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.mesh.fleet import Fleet

UNIT = "tunnelmesh-firewall.service"
RULES = "etc/tunnelmesh-firewall.nft"
# Monotonic microseconds since boot.
SHOW = f"""
systemctl is-enabled {UNIT}
systemctl show --value -p ExecMainStartTimestampMonotonic {UNIT}
systemctl show --value -p ActiveEnterTimestampMonotonic multi-user.target
systemctl list-dependencies --plain --before {UNIT}
"""
# The table was never loaded, so the playbook teardown could not take it away.
REMOVE = f"rm -f /etc/systemd/system/{UNIT} /etc/systemd/system/*/{UNIT} /{RULES}"


@pytest.fixture
def guarded(kernel: Fleet) -> Iterator[Fleet]:
    """Hosts with the firewall's files, as the role writes them."""
    try:
        run = kernel.play("mesh", "-e", "vtep_firewall=true")
        assert set(run.failures) == set(kernel.hosts), run.failures
        yield kernel
    finally:
        for host in kernel.hosts:
            kernel.sh(host, REMOVE)


def test_the_unit_runs_nft_at_boot_before_the_network(guarded: Fleet) -> None:
    guarded.lab.reboot("vtep1")
    enabled, ran, reached, *later = guarded.sh("vtep1", SHOW).split()
    assert enabled == "enabled"
    assert 0 < int(ran) < int(reached)
    assert {"network-pre.target", "network.target"} <= set(later)
    said = guarded.sh("vtep1", f"journalctl --boot --unit {UNIT} --output cat")
    assert f"/{RULES}:" in said
    assert "Operation not supported" in said
