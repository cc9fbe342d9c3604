"""Every option of a datapath: created, changed, and changed back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host, Run

V4, OTHER_V4, V6 = "198.19.1.1/24", "198.19.1.2/24", "fd00:19::1/64"


@dataclass(frozen=True)
class Row:
    """An option with two values, and what the witness shows for each; changed: under this name."""

    option: str
    values: tuple[Any, Any]
    shown: tuple[Any, Any]
    changed: str


def wired(*pairs: tuple[int, int]) -> list[str]:
    """Two flows for each pair, as ovs-dpctl prints them."""
    flows = [ends for a, b in pairs for ends in ((a, b), (b, a))]
    return sorted(f"in_port({a}) actions:{b}" for a, b in flows)


# Every datapath has the ports p<row>a, p<row>b and p<row>c as numbers 1, 2 and 3.
ROWS = {
    f"d{number}": row
    for number, row in enumerate(
        [
            Row("up", (None, False), (True, False), "up"),
            Row("up", (False, True), (False, True), "up"),
            Row("mtu", (1400, 68), (1400, 68), "mtu"),
            Row("mtu", (1500, 65535), (1500, 65535), "mtu"),
            Row("address", ([V4], [OTHER_V4, V6]), ([V4], [OTHER_V4, V6]), "address"),
            Row("address", ([V6, V4], []), ([V4, V6], []), "address"),
            Row("connect", ([["d6", "p6a"]], [["d6", "p6b"]]),
                (wired((0, 1)), wired((0, 2))), ""),
            Row("connect", ([[0, 1], ["p7b", "3"]], [["p7a", "p7c"]]),
                (wired((0, 1), (2, 3)), wired((1, 3))), ""),
            Row("connect", ([["d8", "p8a"]], []), (wired((0, 1)), []), ""),
        ]
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def story(machine: Host) -> list[Run]:
    """Three runs: created, changed, changed back."""
    machine.clean()
    machine.datapath(*ROWS)
    ports = [
        {"name": f"p{name[1:]}{end}", "vni": 10 * number + ord(end), "datapath": name}
        for number, name in enumerate(ROWS)
        for end in "abc"
    ]
    machine.must(PORT, ports=ports)
    runs = []
    for which in (0, 1, 0):
        declared = [{"name": name, row.option: row.values[which]} for name, row in ROWS.items()]
        runs.append(machine.converge(DATAPATH, flows=True, datapaths=declared))
    return runs


def shown(run: Run, name: str, option: str) -> Any:
    """What the witness says about an option."""
    if option == "connect":
        return [
            flow.replace(",eth()", "").replace(",eth_type(0/0x0000)", "")
            for flow in run.after.flows[name]
        ]
    if option == "address":
        return run.after.links[name]["addresses"]
    return run.after.links[name][option]


@pytest.mark.parametrize("name", ROWS)
def test_an_option_is_created_changed_and_changed_back(story: list[Run], name: str) -> None:
    row = ROWS[name]
    for run, which in zip(story, (0, 1, 0), strict=True):
        assert shown(run, name, row.option) == row.shown[which]
        assert run.after.owner(name) == "default"
        assert run.after.ifindex(name) == story[0].after.ifindex(name), "never made again"
        assert sorted(run.after.ports[name].values()) == [0, 1, 2, 3]
    changed = story[1]
    if row.changed:
        assert list(changed.changes(name)) == [row.changed]
    else:
        assert set(changed.actions(name)) <= {"connect", "disconnect"}


def test_created_with_everything_at_once_and_deleted(host: Host) -> None:
    run = host.converge(DATAPATH, name="lab0", mtu=1450, address=[V4, V6], connect=[])
    assert run.actions() == ["create", "change"]
    link = run.after.links["lab0"]
    assert (link["mtu"], link["up"], link["addresses"]) == (1450, True, [V4, V6])
    assert run.after.ports == {"lab0": {"lab0": 0}}
    assert run.result["datapaths"][0]["owned_by"] == "default"
    gone = host.converge(DATAPATH, name="lab0", state="absent")
    assert gone.after.ports == {}
    assert "lab0" not in gone.after.links


def test_what_is_not_declared_is_left_alone(host: Host) -> None:
    """Omitted options, link-local addresses, and flows that are not ours."""
    host.must(DATAPATH, name="lab0", mtu=1400, address=[V4])
    host.must(PORT, name="vx", vni=1, datapath="lab0")
    host.must(DATAPATH, name="lab0", connect=[["lab0", "vx"]])
    host.sh("ovs-dpctl add-flow lab0 'in_port(7),eth()' 0 && ip address add fe80::1234/64 dev lab0")
    before = host.look(flows=True)
    assert len(before.flows["lab0"]) == 3
    assert host.converge(DATAPATH, name="lab0", flows=True).after == before
    bare = host.converge(DATAPATH, name="lab0", address=[], connect=[], flows=True).after
    assert bare.links["lab0"]["addresses"] == []
    assert len(bare.flows["lab0"]) == 1
    assert "fe80::1234" in host.sh("ip address show dev lab0")


def test_a_datapath_by_hand_is_adopted(host: Host) -> None:
    host.sh("ovs-dpctl add-dp hand0 && ovs-dpctl add-if hand0 inner0,type=internal")
    before = host.look()
    run = host.converge(DATAPATH, name="hand0", adopt=True)
    assert run.changes("hand0") == {
        "mark": (None, "tunnelmesh.ovs owner=default"),
        "up": (False, True),
    }
    assert run.after.ports == before.ports
    assert run.after.ifindex("hand0") == before.ifindex("hand0")
    assert host.converge(DATAPATH, name="hand0").actions() == []


def test_force_cuts_foreign_ports_off(host: Host) -> None:
    host.datapath("lab0", "lab1")
    host.must(PORT, name="own", dst_port=5001, vport_type="vxlan", datapath="lab0")
    host.sh(
        "ip link add hand up type vxlan id 9 dstport 7000 && ovs-dpctl add-if lab0 hand "
        "&& ovs-dpctl add-if lab0 inner0,type=internal"
    )
    before = host.look()
    run = host.converge(DATAPATH, name="lab0", state="absent", force=True)
    assert run.entries()[0]["why"].endswith("detaches hand; deletes own, inner0")
    assert run.after.ports == {"lab1": {"lab1": 0}}
    assert run.after.detached("hand")
    assert run.after.ifindex("hand") == before.ifindex("hand")
    assert not {"own", "inner0"} & set(run.after.links)


def test_the_whole_of_a_segment_is_foretold_on_an_empty_host(host: Host) -> None:
    """`check_mode_assume`: each dry run takes what the tasks before it would have made."""
    tasks: list[tuple[str, dict[str, Any]]] = [
        (DATAPATH, {"name": "lab0"}),
        (PORT, {"name": "vx", "vni": 1, "datapath": "lab0", "check_mode_assume": ["lab0"]}),
        (
            DATAPATH,
            {"name": "lab0", "connect": [["lab0", "vx"]], "check_mode_assume": ["lab0", "vx"]},
        ),
    ]
    empty = host.look()
    foretold = [host.target.run(module, check=True, **task) for module, task in tasks]
    assert host.look() == empty
    done = [host.must(module, **task) for module, task in tasks]
    assert [one["actions"] for one in foretold] == [one["actions"] for one in done]
    assert host.look(flows=True).flows["lab0"] != []
