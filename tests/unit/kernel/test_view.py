# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user sees of ports and datapaths, and what a plan makes of a snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import mark
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.datapath_steps import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import Flow
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.predict import predict
from tests.unit.kernel.builders import DECLARED, Host, host, plan


def seen(made: Host) -> dict[str, Any]:
    """What is shown of vx1."""
    return view.ports(made.observed())["vx1"]


def test_a_port() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7, dev="eth0")
    assert seen(made) == {
        "state": "present",
        "datapath": "lab0",
        "port_no": 7,
        "vport_type": "netdev",
        "up": True,
        "mtu": 1450,
        "dst_port": 4789,
        "vni": 100,
        "local_ip": "192.0.2.1",
        "remotes": ["192.0.2.2", "192.0.2.3"],
        "dev": "eth0",
        "extensions": [],
        "ttl": 64,
        "tos": 0,
        "df": "set",
        "learning": True,
        "ageing": 300,
        "udp_csum": True,
        "udp_zero_csum6_tx": False,
        "udp_zero_csum6_rx": False,
        "owner": "default",
    }


def test_a_legacy_port_shows_nothing_that_it_does_not_have() -> None:
    made = host()
    made.legacy("vx1", "lab0", 7, alias="", attrs={"gbp": True})
    shown = seen(made)
    assert (shown["vport_type"], shown["vni"], shown["extensions"]) == ("vxlan", None, ["gbp"])
    assert shown["owner"] is None
    assert not {"ttl", "tos", "df", "learning", "ageing"} & set(shown)


def test_a_detached_port() -> None:
    made = host()
    made.vxlan("vx1", alias=mark("me"))
    shown = seen(made)
    assert (shown["state"], shown["datapath"], shown["port_no"]) == ("detached", None, None)
    assert shown["owner"] == "me"


@pytest.mark.parametrize(
    ("attrs", "key", "value"),
    [
        ({"ttl_inherit": True, "ttl": 0}, "ttl", "inherit"),
        ({"tos": 1}, "tos", "inherit"),
        ({"tos": 8}, "tos", 8),
        ({"df": 0}, "df", "unset"),
        ({"df": 2}, "df", "inherit"),
        ({"df": 3}, "df", 3),
        ({"src_port_range": (1, 2)}, "src_port_range", [1, 2]),
        ({"label": 5}, "label", 5),
        ({"proxy": True}, "proxy", True),
        ({"group": "239.1.1.1"}, "group", "239.1.1.1"),
    ],
)
def test_attributes_in_the_words_of_the_user(attrs: dict[str, Any], key: str, value: Any) -> None:
    made = host()
    made.vxlan("vx1", attrs=attrs)
    assert seen(made)[key] == value


def test_live_ports_show_what_the_kernel_chose() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7, mac="02:00:00:00:00:77")
    made.device("eth7")
    live = view.live_ports(made.observed(), ["vx1", "vx9", "eth7"])
    assert live[0]["mac_address"] == "02:00:00:00:00:77"
    assert (live[0]["name"], live[0]["promiscuity"]) == ("vx1", 1)
    assert live[0]["ifindex"] == made.ifindex("vx1")
    assert live[1:] == [{"name": "vx9", "state": "absent"}, {"name": "eth7", "state": "absent"}]


def test_a_datapath() -> None:
    made = Host()
    made.datapath("lab0", "198.18.0.1/24")
    made.vxlan("vx1", "lab0", 7)
    made.legacy("leg", "lab0", 3)
    for a, b in ((0, 7), (7, 0)):
        made.flow("lab0", Flow(a, b, ufid(a, b)))
    made.flow("lab0", Flow(3, 7, b"somebody-else-16"))
    made.flow("lab0", Flow(3, 7))
    assert view.datapaths(made.observed()) == {
        "lab0": {
            "owned_by": "default",
            "up": True,
            "mtu": 1500,
            "address": ["198.18.0.1/24"],
            "connect": [["lab0", "vx1"]],
            "ports": [
                {"port_no": 0, "name": "lab0", "type": "internal"},
                {"port_no": 3, "name": "leg", "type": "vxlan"},
                {"port_no": 7, "name": "vx1", "type": "netdev"},
            ],
        }
    }


@pytest.mark.parametrize(
    ("name", "fields", "owner"),
    [
        ("ovs-system", {}, "ovs-vswitchd"),
        ("dp7", {"per_cpu": True}, "ovs-vswitchd"),
        ("dp7", {"alias": ""}, None),
        ("dp7", {"alias": mark("me")}, "me"),
    ],
)
def test_who_owns_a_datapath(name: str, fields: dict[str, Any], owner: str | None) -> None:
    made = Host()
    made.datapath(name, **fields)
    assert view.datapaths(made.observed())[name]["owned_by"] == owner


# -- predict ------------------------------------------------------------------------------------


def test_what_is_foretold_of_a_new_port() -> None:
    before = host().observed()
    after = predict(before, plan(before, name="vx1", **DECLARED))
    link = after.link("vx1")
    assert link is not None
    assert link.ifindex < 0, "the kernel hands out no negative number"
    assert (link.up, link.promiscuity, link.slave_kind) == (True, 1, "openvswitch")
    assert link.master == after.datapaths["lab0"].ifindex
    assert (4, 4789) in after.udp
    assert before == host().observed(), "the snapshot itself stays"


def test_new_ports_have_ifindexes_of_their_own() -> None:
    before = host().observed()
    entries = [{"name": f"vx{number}", "vni": number} for number in range(5)]
    after = predict(before, plan(before, ports=entries))
    assert len(after.links) == len(before.links) + 5


def test_a_udp_port_is_free_when_its_last_device_goes() -> None:
    made = host()
    made.vxlan("vx1", vni=1)
    made.vxlan("vx2", vni=2)
    made.udp = {(4, 4789), (4, 53)}
    one = predict(made.observed(), plan(made.observed(), name="vx1", state="absent"))
    assert one.udp == {(4, 4789), (4, 53)}
    none = predict(one, plan(one, name="vx2", state="absent"))
    assert none.udp == {(4, 53)}


def test_an_empty_plan_foretells_the_same() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1)
    made.udp = {(4, 4789)}
    assert predict(made.observed(), ()) == made.observed()
