# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports and datapaths through the whole pipeline, on the model kernel."""

from __future__ import annotations

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import view
from tests.unit.kernel.builders import DECLARED, datapaths, host, ports
from tests.unit.kernel.machine import Machine


def test_smoke() -> None:
    machine = Machine(host().observed())
    outcome = machine.apply(ports(name="vx1", **DECLARED))
    assert view.ports(outcome.after)["vx1"]["remotes"] == ["192.0.2.2", "192.0.2.3"]
    assert not machine.apply(ports(name="vx1", **DECLARED)).steps
    outcome = machine.apply(
        datapaths(
            name="lab0",
            mtu=1450,
            address=["198.18.0.1/24", "fd00::1/64"],
            connect=[["lab0", "vx1"]],
        )
    )
    print(view.datapaths(outcome.after))
    outcome = machine.apply(ports(name="leg", vport_type="vxlan", dst_port=4790))
    print(view.ports(outcome.after))
    outcome = machine.apply(ports(name="vx1", **{**DECLARED, "vni": 7}))
    print(outcome.steps)
    machine.apply(ports(purge=True))
    outcome = machine.apply(datapaths(purge=True))
    print(outcome.after)
