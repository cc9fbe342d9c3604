"""What is returned is documented, can be asserted on, and costs a constant number of reads."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.plugin_docs import read_docstring

from tests.integration.harness import ROOT
from tests.integration.info.mesh import (
    DATAPATH,
    INFO,
    ON_BOTH,
    ON_KERNEL,
    ON_OVSDB,
    Mesh,
    must,
)
from tests.playbooks.play import play

MODULES = ROOT / "plugins/modules"
# Of the harness, and of every module.
NOT_OURS = {"changed", "warnings", "netlink", "ovsdb", "children"}
# Whose options appear under their own names in an entry of which list.
OPTIONS_OF = {
    "devices": ("ovs_vxlan_port", "ports"),
    "tunnels": ("ovs_vxlan_tunnel", "tunnels"),
    "bridges": ("ovs_vxlan_tunnel", "bridges"),
}


def _doc(module: str) -> dict[str, Any]:
    found: dict[str, Any] = read_docstring(str(MODULES / f"{module}.py"), verbose=False)
    return found


def _undocumented(value: Any, contains: Mapping[str, Any], where: str) -> Iterator[str]:
    """Keys of what was returned that the documentation does not have."""
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            continue
        for key, inner in item.items():
            if key not in contains:
                yield f"{where}.{key}"
            elif "contains" in contains[key]:
                yield from _undocumented(inner, contains[key]["contains"], f"{where}.{key}")


def _documented() -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(_doc(INFO)["returndocs"])
    for name, (module, option) in OPTIONS_OF.items():
        options = _doc(module)["doc"]["options"]
        found[name]["contains"] = {**options[option]["suboptions"], **found[name]["contains"]}
    return found


@ON_BOTH
def test_everything_that_is_returned_is_documented(mesh: Mesh) -> None:
    missing = {"name": "vxnone", "vni": 1, "bridge": "br0", "remote_ip": "192.0.2.1", "key": 1}
    result = mesh.look(expected_ports=[missing], expected_tunnels=[missing])
    assert result["problems"], "so that the keys of a problem are among them"
    returned = {key: value for key, value in result.items() if key not in NOT_OURS}
    documented = _documented()
    assert [*_undocumented(returned, documented, INFO)] == []
    assert set(documented) == set(returned)
    assert all("sample" in entry and entry["sample"] != [] for entry in documented.values())


@ON_KERNEL
def test_the_examples_assert_on_the_verdicts(mesh: Mesh, tmp_path: Path) -> None:
    book, inventory = tmp_path / "play.yml", tmp_path / "inventory.json"
    tasks = yaml.safe_load(_doc(INFO)["plainexamples"])[:2]
    book.write_text(yaml.safe_dump([{"hosts": "vtep1", "gather_facts": False, "tasks": tasks}]))
    inventory.write_text(json.dumps(mesh.first.lab.inventory()))
    assert play(inventory, str(book), show=False).status == 0
    mesh.first.sh("ip link set vx4 down")
    try:
        broken = play(inventory, str(book), show=False)
        assert "vx4 is down, which closed its UDP port" in broken.failures["vtep1"]
    finally:
        mesh.first.sh("ip link set vx4 up")


def _cost(mesh: Mesh) -> dict[str, Any]:
    result = must(mesh.first, INFO, baseline=mesh.counters(), wait_timeout=30)
    assert result["status"] == "ok", result["problems"]
    assert result["children"] == [], "whatever is read, no program is run for it"
    return {"requests": result["netlink"], "ports": result["summary"]["ok"]}


@ON_KERNEL
def test_thirty_ports_take_as_many_reads_as_two(mesh: Mesh) -> None:
    before = _cost(mesh)
    mesh.extra_ports = [{**mesh.ports[0][0], "name": f"vxm{n}", "vni": 900 + n} for n in range(30)]
    names = [port["name"] for port in mesh.extra_ports]
    pairs = [list(pair) for pair in zip(names[::2], names[1::2], strict=True)]
    mesh.extra_pairs = {DATAPATH: pairs}
    try:
        mesh.again()
        after = _cost(mesh)
    finally:
        mesh.extra_ports, mesh.extra_pairs = [], {}
        mesh.again()
    assert after == {"requests": before["requests"], "ports": before["ports"] + 30}


@ON_OVSDB
def test_thirty_tunnels_take_as_many_reads_as_four(mesh: Mesh) -> None:
    before = _cost(mesh)
    base = {key: value for key, value in mesh.tunnels[0][0].items() if key != "bfd"}
    mesh.extra_tunnels = [{**base, "name": f"vxm{n}", "key": str(900 + n)} for n in range(30)]
    try:
        mesh.again()
        after = _cost(mesh)
    finally:
        mesh.extra_tunnels = []
        mesh.again()
    assert after == {"requests": before["requests"], "ports": before["ports"] + 30}
