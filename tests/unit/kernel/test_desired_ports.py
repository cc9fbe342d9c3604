# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task may declare of ports, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import DEFAULTS
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import PortSpec
from tests.unit.kernel.builders import DECLARED, LOCAL, PEERS, ports

Options = dict[str, Any]


def one(**options: Any) -> PortSpec:
    """The one port that is declared, called vx1."""
    (spec,) = ports(**{"name": "vx1", **options}).specs
    return spec


def test_a_port_with_nothing_but_a_name_is_what_ovs_vswitchd_makes() -> None:
    spec = one()
    assert (spec.name, spec.state, spec.datapath, spec.legacy) == ("vx1", "present", "lab0", False)
    assert (spec.port_no, spec.dev, spec.mtu, spec.mac, spec.remotes) == (None,) * 5
    assert (spec.adopt, spec.recreate) == (False, True)
    differs = {key: value for key, value in spec.attrs.items() if value != DEFAULTS[key]}
    assert differs == {
        "external": True,
        "dst_port": 4789,
        "learning": False,
        "udp_zero_csum6_rx": True,
    }


def test_a_port_with_a_vni_learns_and_sets_the_dont_fragment_bit() -> None:
    spec = one(**DECLARED)
    differs = {key: value for key, value in spec.attrs.items() if value != DEFAULTS[key]}
    assert differs == {"vni": 100, "dst_port": 4789, "ttl": 64, "df": 1, "local_ip": LOCAL}
    assert spec.remotes == frozenset(PEERS)


@pytest.mark.parametrize(
    ("options", "attribute", "value"),
    [
        ({"vni": 0}, "vni", 0),
        ({"vni": 16777215}, "vni", 16777215),
        ({"dst_port": 1}, "dst_port", 1),
        ({"dst_port": 65535}, "dst_port", 65535),
        ({"local_ip": "2001:DB8::1"}, "local_ip", "2001:db8::1"),
        ({"vni": 1, "ttl": "0"}, "ttl", 0),
        ({"vni": 1, "ttl": "255"}, "ttl", 255),
        ({"vni": 1, "ttl": "inherit"}, "ttl_inherit", True),
        ({"vni": 1, "ttl": "inherit"}, "ttl", 0),
        ({"vni": 1, "tos": "252"}, "tos", 252),
        ({"vni": 1, "tos": "inherit"}, "tos", 1),
        ({"vni": 1, "df": "unset"}, "df", 0),
        ({"vni": 1, "df": "inherit"}, "df", 2),
        ({"vni": 1, "learning": False}, "learning", False),
        ({"vni": 1, "ageing": 1}, "ageing", 1),
        ({"vni": 1, "ageing": 4294967295}, "ageing", 4294967295),
        ({"extensions": ["gbp"], "vni": 1}, "gbp", True),
        ({"extensions": ["gpe"]}, "gpe", True),
        ({"extensions": []}, "gbp", False),
        ({"udp_csum": False}, "udp_csum", False),
        ({"udp_zero_csum6_tx": True}, "udp_zero_csum6_tx", True),
        ({"udp_zero_csum6_rx": False}, "udp_zero_csum6_rx", False),
        ({"vni": 1}, "udp_zero_csum6_rx", False),
        ({"src_port_range": [1, 65535]}, "src_port_range", (1, 65535)),
        ({"vport_type": "vxlan", "extensions": ["gbp"]}, "gbp", True),
    ],
)
def test_an_option_becomes_an_attribute(options: Options, attribute: str, value: Any) -> None:
    assert one(**options).attrs[attribute] == value


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"port_no": 1}, "port_no", 1),
        ({"port_no": 65534}, "port_no", 65534),
        ({"mtu": "auto"}, "mtu", None),
        ({"mtu": "68"}, "mtu", 68),
        ({"mtu": "65535"}, "mtu", 65535),
        ({"mac_address": "02:00:00:00:00:AB"}, "mac", "02:00:00:00:00:ab"),
        ({"dev": "eth0"}, "dev", "eth0"),
        ({"vni": 1, "remotes": []}, "remotes", frozenset()),
        ({"vni": 1, "remotes": ["FD00::2"]}, "remotes", frozenset({"fd00::2"})),
        ({"adopt": True}, "adopt", True),
        ({"recreate": "never"}, "recreate", False),
        ({"recreate": "auto"}, "recreate", True),
        ({"vport_type": "vxlan"}, "legacy", True),
        ({"vport_type": "netdev"}, "legacy", False),
        ({"state": "detached"}, "datapath", None),
    ],
)
def test_an_option_becomes_a_field(options: Options, field: str, value: Any) -> None:
    assert getattr(one(**options), field) == value


def test_a_port_that_shall_be_absent_needs_a_name_only() -> None:
    spec = one(state="absent")
    assert (spec.state, spec.datapath) == ("absent", None)


def test_the_task_says_owner_purge_and_what_a_dry_run_assumes() -> None:
    declared = ports(name="vx1", owner="me", purge=True, check_mode_assume=["lab0"])
    assert (declared.owner, declared.purge, declared.assume) == ("me", True, frozenset({"lab0"}))
    assert ports(name="vx1").owner == "default"
    assert ports(purge=True).specs == ()
