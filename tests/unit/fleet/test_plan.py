# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan works out: names, MTUs, every host's part, the JSON between them, its cost."""

from __future__ import annotations

import cProfile
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import (
    host,
    inventory,
    names,
    plan,
    render,
)
from tests.unit.fleet.builders import build, members, mesh, switches

HOST_NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-_", min_size=1, max_size=60)


@given(st.integers(0, (1 << 24) - 1), HOST_NAMES)
def test_tunnel_names_fit_a_device(vni: int, peer: str) -> None:
    name = names.tunnel(vni, peer)
    assert 1 <= len(name) <= 15
    assert name.startswith("vx")
    assert not name.startswith("vxlan_sys")


@given(st.sets(st.tuples(st.integers(0, 99), HOST_NAMES), max_size=300))
def test_tunnel_names_differ(pairs: set[tuple[int, str]]) -> None:
    assert len({names.tunnel(vni, peer) for vni, peer in pairs}) == len(pairs)


def test_names_stay_when_hosts_come_and_go() -> None:
    three = members(3, backend="ovsdb")
    four = {"a-new-first-host": {"endpoint": "198.18.9.9"}, **three}
    before = {t["name"]: t for t in host.part(plan.build(three, mesh()), "h1")["tunnels"]}
    after = {t["name"]: t for t in host.part(plan.build(four, mesh()), "h1")["tunnels"]}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1


def test_mtu_is_the_smallest_underlay_less_the_encapsulation() -> None:
    hosts = members(3, underlay_mtu=9000)
    hosts["h2"]["underlay_mtu"] = 1500
    declaration = {
        "segments": [
            {"name": "all", "vni": 1, "tag": 1},
            {"name": "fast", "vni": 2, "tag": 2, "members": ["h0", "h1"]},
            {"name": "asked", "vni": 3, "tag": 3, "mtu": "1400"},
            {
                "name": "narrow",
                "vni": 4,
                "tag": 4,
                "members": ["h0", "h1"],
                "links": [{"between": ["h0", "h1"], "mtu": 1300}],
            },
        ]
    }
    fleet = plan.build(hosts, declaration)
    assert [segment.mtu for segment in fleet.segments] == [1450, 8950, 1400, 1250]
    six = {name: {"endpoint": f"fd00::{index + 1}"} for index, name in enumerate(hosts)}
    fleet = plan.build(six, mesh())
    assert fleet.segments[0].mtu == 1430
    assert "h0, h1, h2 is not known, 1500 is assumed" in fleet.notes[0]


def test_the_closest_setting_wins() -> None:
    hosts = members(3)
    hosts["h0"]["settings"] = {"ttl": 30}
    links = [
        {"between": ["h0", "h1"], "ttl": 40, "dst_port": 4790, "endpoints": {"h1": "198.18.7.7"}}
    ]
    fleet = plan.build(hosts, {**mesh(links=links, ttl=20), "ttl": 10})
    tunnels = {t["name"]: t for t in host.part(fleet, "h0")["tunnels"]}
    assert tunnels["vx100-h1"]["ttl"] == "40"
    assert tunnels["vx100-h1"]["dst_port"] == 4790
    assert tunnels["vx100-h1"]["remote_ip"] == "198.18.7.7"
    assert tunnels["vx100-h2"]["ttl"] == "30"
    assert {t["ttl"] for t in host.part(fleet, "h2")["tunnels"]} == {"20"}
    back = {t["name"]: t for t in host.part(fleet, "h1")["tunnels"]}["vx100-h0"]
    assert (back["local_ip"], back["dst_port"]) == ("198.18.7.7", 4790)


def test_part_of_a_kernel_host() -> None:
    hosts = members(3, backend="kernel")
    hosts["h0"]["addresses"] = {"lab": "10.0.0.1/24"}
    hosts["h1"]["addresses"] = {"lab": ["10.0.0.2/24", "fd00:9::2/64"]}
    part = host.part(plan.build(hosts, mesh(gbp=True, csum=False)), "h0")
    assert part["datapaths"] == [{"name": "dp-lab", "mtu": 1450, "address": ["10.0.0.1/24"]}]
    assert part["connections"] == [{"name": "dp-lab", "connect": [["dp-lab", "vx100"]]}]
    [port] = part["ports"]
    assert port["remotes"] == ["198.18.0.2", "198.18.0.3"]
    assert (port["local_ip"], port["udp_csum"], port["extensions"]) == (
        "198.18.0.1",
        False,
        ["gbp"],
    )
    assert part["tunnels"] == []
    assert part["bridges"] == []
    assert part["overlays"][0]["peers"] == [
        {"host": "h1", "address": "10.0.0.2"},
        {"host": "h1", "address": "fd00:9::2"},
    ]
    assert part["underlay_peers"] == ["198.18.0.2", "198.18.0.3"]


def test_tagged_segments_share_a_bridge() -> None:
    declaration = {
        "segments": [{"name": "a", "vni": 1, "tag": 11}, {"name": "b", "vni": 2, "tag": 12}],
        "bfd": {"enable": True},
    }
    hosts = members(2, addresses={})
    hosts["h0"]["addresses"] = {"b": "10.0.0.1/24"}
    part = host.part(plan.build(hosts, declaration), "h0")
    assert part["bridges"] == [{"name": "br-mesh"}]
    assert part["access_ports"] == [
        {"name": "if-b", "bridge": "br-mesh", "tag": 12, "mtu": 1450, "address": ["10.0.0.1/24"]}
    ]
    assert [(t["tag"], t["key"], t["bfd"]) for t in part["tunnels"]] == [
        (11, "1", {"enable": True}),
        (12, "2", {"enable": True}),
    ]


def test_dump_and_load_give_the_same_plan() -> None:
    links = [{"between": ["h0", "h1"], "ttl": 9}, ["h1", "h2"], ["h0", "h2"], ["h2", "h3"]]
    fleet = build(4, topology="custom", links=links)
    text = plan.dump(fleet)
    assert plan.load(text) == fleet
    assert text.startswith(plan.PREFIX)
    assert switches(plan.load(text)) == switches(fleet)


def test_a_plan_is_text_to_ansible_before_2_19() -> None:
    # Templar.template() of these makes data of what starts like a list or a dictionary.
    assert not plan.dump(build(2)).startswith(("{", "["))
    with pytest.raises(ValueError, match="does not start with"):
        plan.load("{}")


def test_graphs_and_table_name_every_member() -> None:
    fleet = build(4, topology="hub_spoke", hub="h0")
    for text in (render.table(fleet), render.mermaid(fleet), render.dot(fleet)):
        assert all(f"h{number}" in text for number in range(4))
    assert render.mermaid(fleet).count("===") == 3
    assert render.dot(fleet).count("style=bold") == 3
    crowd = build(30)
    assert render.mermaid(crowd).count(" --- ") == 30
    assert "full mesh of 30" in render.dot(crowd)


FACTS = {
    "interfaces": ["lo", "eth1", "br-x"],
    "lo": {"ipv4": {"address": "127.0.0.1"}, "mtu": 65536},
    "eth1": {
        "ipv4": {"address": "198.18.0.1"},
        "ipv4_secondaries": [{"address": "198.18.0.2"}],
        "ipv6": [{"address": "fd00::1"}],
        "mtu": 9000,
    },
    "br_x": {"ipv4": [{"address": "198.18.5.1"}], "mtu": 1500},
}


def test_members_from_variables_and_facts() -> None:
    def from_facts(**variables: object) -> dict[str, object]:
        known = {"ansible_facts": FACTS, **variables}
        return inventory.members({"h": known}, ["h"], "auto")["h"]

    assert from_facts(vxlan_mesh_endpoint="198.18.0.2")["underlay_mtu"] == 9000
    assert from_facts(vxlan_mesh_endpoint="fd00:0::1")["underlay_mtu"] == 9000
    assert from_facts(vxlan_mesh_endpoint="198.18.5.1")["underlay_mtu"] == 1500
    said = from_facts(vxlan_mesh_endpoint="198.18.5.1", vxlan_mesh_underlay_mtu=1400)
    assert said["underlay_mtu"] == 1400
    assert "198.18.0.1" in str(said["own_addresses"])
    assert from_facts()["backend"] is None
    assert from_facts(vxlan_mesh_backend="ovsdb")["backend"] == "ovsdb"
    assert "own_addresses" not in inventory.member({"vxlan_mesh_endpoint": "198.18.0.1"}, "auto")


def test_the_look_at_the_host_tells_the_underlay() -> None:
    def looked(*found: tuple[str, int]) -> dict[str, object]:
        underlay = [{"address": text, "device": "eth1", "mtu": mtu} for text, mtu in found]
        seen = {
            "vxlan_mesh_endpoint": "198.18.0.1",
            "vxlan_mesh_seen": {"vswitchd": "stopped", "underlay": underlay},
        }
        return inventory.member(seen, "kernel")

    seen = looked(("198.18.0.1", 9000))
    assert (seen["underlay_mtu"], seen["own_addresses"]) == (9000, ["198.18.0.1"])
    announced = looked(("198.18.0.1", 65536))  # on the loopback device
    assert announced["own_addresses"] == ["198.18.0.1"]
    assert "underlay_mtu" not in announced
    nothing = looked()
    assert nothing["own_addresses"] == []
    assert "underlay_mtu" not in nothing
    other = looked(("198.18.0.2", 9000))  # what else the host has, for the message
    assert other["own_addresses"] == ["198.18.0.2"]
    assert "underlay_mtu" not in other
    unreached = {"vxlan_mesh_endpoint": "198.18.0.1", "vxlan_mesh_seen": {"unreachable": True}}
    assert "own_addresses" not in inventory.member(unreached, "kernel")


@pytest.mark.parametrize(
    ("state", "told", "backend"),
    [
        ("running", {}, "ovsdb"),
        ("stopped", {}, "kernel"),
        ("absent", {}, "ovsdb"),  # the role vtep installs and starts it
        ("absent", {"vtep_manage_packages": "false"}, "kernel"),
        ("running", {"vtep_service": "stopped"}, "kernel"),
        ("stopped", {"vtep_service": "started"}, "ovsdb"),
        ("stopped", {"vtep_service": "auto"}, "kernel"),
        ("running", {"vxlan_mesh_backend": "kernel"}, "kernel"),
    ],
)
def test_backend_auto_follows_the_host_and_what_vtep_will_do(
    state: str, told: dict[str, object], backend: str
) -> None:
    look = {"vswitchd": state}
    seen = {"vxlan_mesh_endpoint": "198.18.0.1", "vxlan_mesh_seen": look, **told}
    found = inventory.member(seen, "auto")
    assert found["backend"] == backend
    assert "own_addresses" not in found


def crowd(count: int) -> dict[str, dict[str, object]]:
    return {
        f"hv{index}.example.com": {
            "endpoint": f"198.18.{index // 250}.{index % 250 + 1}",
            "addresses": {"lab": f"198.19.{index // 250}.{index % 250 + 1}/16"},
        }
        for index in range(count)
    }


def test_a_thousand_members_fit_in_little_memory() -> None:
    hosts = crowd(1000)
    text = plan.dump(plan.build(hosts, mesh()))
    assert len(text) < 500_000
    part = host.part(plan.load(text), "hv999.example.com")
    assert len(part["tunnels"]) == 999
    tracemalloc.start()
    plan.build(hosts, mesh())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def calls(work: Callable[[], object]) -> int:
    """Function calls that the work takes: what a clock would tell, without one."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


def test_cost_grows_with_deliveries_and_a_part_with_its_peers() -> None:
    few, many = (crowd(count) for count in (100, 400))
    # The proof follows every delivery, which is one per pair: a few calls each.
    assert calls(lambda: plan.build(many, mesh())) < 7 * 400**2
    texts = [plan.dump(plan.build(hosts, mesh())) for hosts in (few, many)]
    assert len(texts[1]) < 4.5 * len(texts[0])
    for work in (plan.load, lambda text: host.part(plan.load(text), "hv7.example.com")):
        small, large = (calls(lambda t=text, w=work: w(t)) for text in texts)  # type: ignore[misc]
        assert large < 4.5 * small


def test_a_plan_of_many_segments_is_proven_once_per_shape() -> None:
    hosts = {name: {"endpoint": entry["endpoint"]} for name, entry in crowd(100).items()}

    def build(count: int) -> object:
        segments = [{"name": f"s{n}", "vni": n, "tag": n} for n in range(1, count + 1)]
        return plan.build(hosts, {"segments": segments})

    assert calls(lambda: build(10)) < 3 * calls(lambda: build(1))
