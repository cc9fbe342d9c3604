"""On a healthy mesh there is not one false alarm, whoever looks and however closely."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.harness import Target
from tests.integration.info.mesh import (
    BRIDGE,
    DATAPATH,
    INFO,
    ON_BOTH,
    ON_KERNEL,
    ON_OVSDB,
    OWNER,
    Mesh,
    codes,
    must,
)

NOBODY = 65534


@ON_BOTH
@pytest.mark.parametrize("probe", ["none", "suspects", "all"])
def test_a_healthy_mesh_has_no_problem_on_any_host(mesh: Mesh, probe: str) -> None:
    mesh.each(lambda index, _host: mesh.look(index))
    for result in mesh.each(lambda index, _host: mesh.look(index, probe=probe, wait_timeout=30)):
        assert result["problems"] == []
        assert result["status"] == "ok"
        assert result["summary"] == {"ok": _size(mesh), "warning": 0, "broken": 0}
        assert not result["changed"]


def _size(mesh: Mesh) -> int:
    """Over IPv4 and IPv6: one port each of a datapath, or a tunnel to each of two peers."""
    return 2 if mesh.ports else 4


@ON_BOTH
def test_right_after_a_run_there_is_no_false_alarm(mesh: Mesh) -> None:
    """Everything made anew on all hosts, and looked at in the next task, as a play would."""
    mesh.each(lambda index, _host: mesh.counters(index))
    mesh.remove()
    mesh.make()
    for result in mesh.each(lambda index, _host: mesh.look(index)):
        assert result["problems"] == []
        assert result["summary"]["ok"] == _size(mesh)


def test_an_owner_of_nothing_has_no_problem(hosts: list[Target]) -> None:
    before = must(hosts[0], INFO)["counters"]
    result = must(hosts[0], INFO, owner="nobody", baseline=before)
    assert (result["problems"], result["summary"]["ok"]) == ([], 0)


# Counters move and neighbours are met between two looks.
MOVING = ("statistics", "children", "netlink")


def _still(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in one.items() if k not in MOVING} for one in entries]


@ON_BOTH
def test_an_ordinary_user_sees_the_kernel_and_is_told_what_was_left_out(mesh: Mesh) -> None:
    args = {"probe": "all", "baseline": mesh.counters()}
    everything = must(mesh.first, INFO, **args)
    (result,) = mesh.first.run.at_once({"module": INFO, "args": args, "uid": NOBODY})
    assert not result.get("failed"), result
    assert result["problems"] == []
    assert result["host"]["database"]["read"] is False
    text = str(result["warnings"])
    assert "database was not read" in text
    assert "who holds a UDP port" in text
    names = {"name": None, "tunnels": None, "belongs_to": None}
    for section in ("devices", "datapaths"):
        seen, known = (
            [{**one, **names} for one in _still(r[section])] for r in (result, everything)
        )
        for entry in (*seen, *known):
            for port in entry.get("ports", ()):
                port.pop("tunnels", None)  # of the database
        assert seen == known
        assert seen
    if mesh.ports:
        assert result["verdicts"] == everything["verdicts"]
        assert "not pinged" in text


@ON_BOTH
def test_check_mode_looks_as_well(mesh: Mesh) -> None:
    result = mesh.first.run(INFO, check=True, baseline=mesh.counters())
    assert result["summary"] == {"ok": _size(mesh), "warning": 0, "broken": 0}


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


@ON_KERNEL
def test_everything_is_listed_as_the_kernels_own_tools_show_it(mesh: Mesh) -> None:
    host = mesh.first
    result = mesh.look()
    datapath = _named(result["datapaths"], DATAPATH)
    assert {port["name"]: port["port_no"] for port in datapath["ports"]} == host.ports(DATAPATH)
    assert datapath["owned_by"] == OWNER
    device, witness = _named(result["devices"], "vx4"), host.vxlan("vx4")
    assert set(device["remotes"]) == host.flood("vx4")
    assert (device["vni"], device["dst_port"]) == (witness["id"], witness["port"])
    assert device["belongs_to"] == "ours"
    assert device["statistics"]["rx_packets"] >= 0
    held = {(one["port"], one["family"]): one for one in result["udp"]}
    assert held[4789, "ipv4"]["devices"] == ["vx4", "vx6"]
    assert (4789, "ipv6") in held


@ON_OVSDB
def test_which_vport_serves_which_tunnels_is_told_both_ways(mesh: Mesh) -> None:
    result = must(mesh.first, INFO)
    system = _named(result["datapaths"], "ovs-system")
    shared = _named(system["ports"], "vxlan_sys_4789")
    assert shared["tunnels"] == ["vx12", "vx13", "vy12", "vy13"]
    number = mesh.first.ports("ovs-system")["vxlan_sys_4789"]
    for name in shared["tunnels"]:
        tunnel = _named(result["tunnels"], name)
        assert tunnel["vport"]["port_no"] == number
        assert tunnel["bfd_status"]["state"] == "up"
    assert _named(result["devices"], "vxlan_sys_4789")["belongs_to"] == "ovs-vswitchd"
    assert _named(result["bridges"], BRIDGE)["mtu"] == 1430


@ON_OVSDB
@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"bridge": BRIDGE}, 4),
        ({"bridge": "other"}, 0),
        ({"datapath": "ovs-system"}, 4),
        ({"datapath": "other"}, 0),
        ({"owner": OWNER}, 4),
        ({"owner": "somebody"}, 0),
        ({"gather": []}, 4),
    ],
)
def test_filters_of_tunnels(mesh: Mesh, options: dict[str, Any], shown: int) -> None:
    result = must(mesh.first, INFO, wait_timeout=30, **options)
    assert result["summary"]["ok"] == shown
    assert len(result.get("tunnels", [])) == (shown if "gather" not in options else 0)


@pytest.fixture(scope="module")
def second(mesh: Mesh) -> Iterator[None]:
    """A datapath of another owner besides, with a port of its own, and a device of nobody's."""
    port = {**mesh.ports[0][0], "name": "vxother", "vni": 77, "datapath": "dp-other"}
    host = mesh.first
    must(host, "ovs_datapath", owner="another", datapaths=[{"name": "dp-other"}])
    must(host, "ovs_vxlan_port", owner="another", ports=[port])
    must(host, "ovs_datapath", owner="another", name="dp-other", connect=[["dp-other", "vxother"]])
    host.sh("ip link add flannel.3 type vxlan id 3 dstport 8473 dev eth1")
    try:
        yield
    finally:
        host.sh("ip link del flannel.3")
        must(host, "ovs_vxlan_port", owner="another", ports=[], purge=True)
        must(host, "ovs_datapath", owner="another", name="dp-other", state="absent", force=True)


@ON_KERNEL
@pytest.mark.usefixtures("second")
@pytest.mark.parametrize(
    ("options", "devices", "datapaths"),
    [
        ({}, ["flannel.3", "vx4", "vx6", "vxother"], [DATAPATH, "dp-other"]),
        ({"datapath": DATAPATH}, ["vx4", "vx6"], [DATAPATH]),
        ({"datapath": "dp-other"}, ["vxother"], ["dp-other"]),
        ({"owner": OWNER}, ["vx4", "vx6"], [DATAPATH]),
        ({"owner": "another"}, ["vxother"], ["dp-other"]),
        ({"owner": "another", "datapath": DATAPATH}, [], []),
        ({"bridge": "br0"}, [], []),
    ],
)
def test_filters_of_ports(
    mesh: Mesh, options: dict[str, Any], devices: list[str], datapaths: list[str]
) -> None:
    result = must(mesh.first, INFO, baseline=mesh.counters(), **options)
    assert [one["name"] for one in result["devices"]] == devices
    assert sorted(one["name"] for one in result["datapaths"]) == sorted(datapaths)
    judged = [one["name"] for one in result["verdicts"] if one["kind"] == "port"]
    assert judged == [name for name in devices if name != "flannel.3"]
    assert result["problems"] == []


@ON_KERNEL
def test_a_network_namespace_is_looked_at_alone(mesh: Mesh) -> None:
    host = mesh.first
    host.sh("ip netns add inner; ip -n inner link add fl.1 type vxlan id 1 dstport 4789")
    try:
        result = must(host, INFO, netns="inner")
        assert [device["name"] for device in result["devices"]] == ["fl.1"]
        assert result["devices"][0]["belongs_to"] == "foreign"
        assert (codes(result), result["datapaths"]) == ([], [])
        assert result["host"]["database"]["read"] is False
    finally:
        host.sh("ip netns del inner")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"netns": "nowhere"}, "does not exist"),
        ({"database": "tcp:192.0.2.1:6640"}, "on another host"),
        ({"database": "pipe:x"}, "is not an OVSDB address"),
        ({"expected_ports": [{"vni": 3}]}, "has no name"),
        ({"expected_ports": [{"name": "a"}, {"name": "a"}]}, "a second time"),
        ({"expected_ports": [{"name": "a", "remotes": ["here"]}]}, "is not an IP address"),
        ({"wait_timeout": -1}, "out of range"),
        ({"probe": "some"}, "must be one of"),
    ],
)
def test_bad_input_is_refused(hosts: list[Target], options: dict[str, Any], words: str) -> None:
    result = hosts[0].run(INFO, **options)
    assert result["failed"]
    assert words in result["msg"]
