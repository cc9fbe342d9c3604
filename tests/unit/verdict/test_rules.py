"""Every fault has its code, what is sound has none, and details that are easy to get wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import Flow
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import OtherPort
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict import verdicts
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import BROKEN, CODES
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.judge import judge
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.model import (
    NUD_FAILED,
    Echo,
    Expected,
    Route,
    Snapshot,
)
from tests.unit.kernel.builders import PEERS, host
from tests.unit.verdict.builders import (
    DECLARED_PORT,
    DEVICE,
    PORT,
    attributes,
    change,
    codes,
    database,
    expect,
    kernel_host,
    kernel_seen,
    ovsdb_host,
    ovsdb_seen,
    tunnel,
    unlink,
)
from tests.unit.verdict.faults import FAULTS, FIRST, HOLDER, upcalls

# Codes that only a look at the whole mesh can give.
OF_THE_MESH = {
    "host_unreachable",
    "overlay_mtu",
    "overlay_oversize",
    "overlay_silent",
    "overlay_loss",
}


def test_every_code_has_a_fault() -> None:
    assert [*FAULTS] == [code for code in CODES if code not in OF_THE_MESH]


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_has_its_code_and_says_it_in_words(code: str) -> None:
    seen, expected = FAULTS[code]()
    found = codes(seen, expected)
    assert code in found
    broken = [one for one in found if CODES[one].severity == BROKEN]
    assert broken[:1] in ([], [code])
    for verdict in judge(seen, expected):
        shown = verdicts.entry(verdict)
        for problem in shown.get("problems", ()):
            assert "{" not in problem["cause"] + problem["remedy"]


@pytest.mark.parametrize("expected", [Expected(), expect(DECLARED_PORT, owner="default")])
def test_a_sound_host_of_the_kernel_plane_has_no_problem(expected: Expected) -> None:
    assert codes(kernel_seen(), expected) == []
    assert [one.subject.name for one in judge(kernel_seen(), expected) if one.subject] == [PORT]


def test_a_sound_host_of_the_management_plane_has_no_problem() -> None:
    declared = {"vx1": {"remote_ip": PEERS[0], "key": "0x64"}, "vx2": {"remote_ip": PEERS[1]}}
    assert codes(ovsdb_seen()) == []
    assert codes(ovsdb_seen(), Expected(tunnels=declared, owner="default")) == []


def test_an_empty_host_has_no_problem_with_or_without_the_module() -> None:
    assert codes(Snapshot()) == []
    assert codes(Snapshot(openvswitch=False)) == []


def test_devices_of_others_get_no_verdict() -> None:
    made = host()
    made.vxlan("flannel.1", alias="", up=False)
    assert [one.subject for one in judge(Snapshot(kernel=made.observed()), Expected())] == [None]


def test_what_a_down_device_waits_for_is_named() -> None:
    seen = kernel_seen(change(kernel_host(), PORT, up=False))
    seen = replace(seen, around=replace(seen.around, sockets=(HOLDER,)))
    (problem, *_rest) = verdicts.problems(judge(seen, Expected()))
    assert (problem["code"], problem["culprit"]) == ("udp_port_held", "process nc (pid 77)")


@pytest.mark.parametrize("state", ["detached", "present"])
def test_a_detached_port_is_sound_only_where_it_is_declared_so(state: str) -> None:
    seen = kernel_seen(unlink(kernel_host(), PORT))
    found = codes(seen, expect({**DECLARED_PORT, "state": state}))
    assert found == ([] if state == "detached" else ["device_detached"])


def test_a_default_entry_that_was_deleted_is_missed_without_a_declaration() -> None:
    made = attributes(kernel_host(), PORT, group="192.0.2.9")
    (problem,) = verdicts.problems(judge(kernel_seen(made), Expected()))
    assert (problem["code"], problem["remotes"]) == ("flood_differs", ["192.0.2.9"])


@pytest.mark.parametrize(
    ("flows", "sound"),
    [
        ([Flow(0, 1), Flow(1, 0)], True),
        ([Flow(1, 0)], False),
        ([Flow(0, 1)], False),
        ([Flow(None, None)], True),
        ([Flow(0, None), Flow(1, None)], True),
        ([Flow(2, 3), Flow(3, 2)], False),
    ],
)
def test_both_ways_need_a_flow_and_unknown_flows_are_given_credit(
    flows: list[Flow], sound: bool
) -> None:
    made = kernel_host()
    made.datapaths["lab0"] = replace(made.datapaths["lab0"], flows=tuple(flows))
    assert codes(kernel_seen(made)) == ([] if sound else ["not_connected"])


def test_a_process_that_answers_upcalls_makes_flows_as_it_goes() -> None:
    made = kernel_host()
    vports = tuple(replace(one, upcall_pid=4711) for one in made.datapaths["lab0"].vports)
    made.datapaths["lab0"] = replace(made.datapaths["lab0"], flows=(), vports=vports)
    assert codes(kernel_seen(made)) == []


def test_a_larger_mtu_harms_only_where_packets_may_not_be_fragmented() -> None:
    made = change(kernel_host(), "lab0", mtu=1600)
    change(made, PORT, mtu=1600)
    assert codes(kernel_seen(made)) == ["mtu_too_large"]
    assert codes(kernel_seen(attributes(made, PORT, df=0))) == []


@pytest.mark.parametrize("spoil", [{"up": False}, {"address": False}])
def test_a_local_port_that_is_not_used_may_have_any_mtu(spoil: dict[str, Any]) -> None:
    made = change(ovsdb_host(), "br0", mtu=9000, up=spoil.get("up", True))
    if "address" in spoil:
        del made.addresses[made.ifindex("br0")]
    assert codes(ovsdb_seen(made)) == []


def test_a_bridge_with_an_uplink_may_carry_its_own_underlay() -> None:
    data = database()
    others = {**data.rows.others, "eth1": OtherPort("eth1", "br0", "")}
    data = replace(data, rows=replace(data.rows, others=others))
    made = change(ovsdb_host(), "br0", mtu=1500)
    for one, found in ((data, []), (database(), ["route_loop"])):
        seen = ovsdb_seen(made, one)
        under = {path: Route(oif=made.ifindex("br0")) for path in seen.around.routes}
        assert codes(replace(seen, around=replace(seen.around, routes=under))) == found


def test_a_remote_that_answers_a_ping_is_not_unreachable() -> None:
    seen = kernel_seen()
    failed = {(seen.devices["eth0"].ifindex, PEERS[0]): NUD_FAILED}
    around = replace(seen.around, neighbours=failed)
    assert codes(replace(seen, around=around)) == ["remote_unreachable"]
    answered = replace(around, echoes={FIRST: Echo(84, full=True, small=True)})
    assert codes(replace(seen, around=answered)) == []


def test_a_vxlan_device_with_its_socket_in_another_namespace_is_sound() -> None:
    made = change(kernel_host(), PORT, netnsid=0)
    made.udp.clear()
    assert codes(kernel_seen(made)) == []


def test_errors_count_only_since_the_baseline() -> None:
    seen = kernel_seen(change(kernel_host(), PORT, statistics={"rx_errors": 3}))
    assert codes(replace(seen, baseline={f"{PORT} rx_errors": 3})) == []
    assert codes(replace(seen, baseline={f"{PORT} rx_errors": 2})) == ["decap_errors"]
    assert codes(replace(seen, baseline={f"{PORT} rx_errors": 9})) == ["decap_errors"]


@pytest.mark.parametrize(
    ("missed", "lost", "told"), [(9, 9, True), (9, 8, False), (2, 2, False), (0, 0, False)]
)
def test_upcalls_are_lost_when_none_was_ever_taken(missed: int, lost: int, told: bool) -> None:
    assert ("upcalls_lost" in codes(upcalls(missed, lost))) == told


@pytest.mark.parametrize(("received", "found"), [(2999, ["decap_errors"]), (3000, [])])
def test_without_a_baseline_errors_count_where_they_are_many(
    received: int, found: list[str]
) -> None:
    counted = {"rx_errors": 3, "rx_packets": received}
    assert codes(kernel_seen(change(kernel_host(), PORT, statistics=counted))) == found


def test_one_problem_of_a_shared_device_is_told_once_with_all_it_affects() -> None:
    seen = ovsdb_seen(change(ovsdb_host(), DEVICE, up=False))
    (problem,) = verdicts.problems(judge(seen, Expected()))
    assert problem["affects"] == ["vx1", "vx2"]
    assert verdicts.summary(judge(seen, Expected())) == {"ok": 0, "warning": 0, "broken": 2}


def test_tunnels_in_userspace_need_no_kernel_device() -> None:
    made = unlink(ovsdb_host(), DEVICE, keep=False)
    data = database(datapath_type="netdev")
    assert codes(ovsdb_seen(made, data, listening=frozenset((4789,)))) == []
    assert codes(ovsdb_seen(made, data, listening=frozenset())) == ["device_missing"]


def test_while_the_daemon_is_behind_nothing_else_is_concluded_from_the_database() -> None:
    row = tunnel("vx1", PEERS[0], ofport=None)
    made = ovsdb_host()
    data = database(row, next_cfg=5, cur_cfg=4)
    assert codes(ovsdb_seen(made, data)) == ["vswitchd_hung"]


def test_a_loop_hides_no_trouble_of_other_remotes() -> None:
    seen = kernel_seen(change(kernel_host(), PORT, mtu=1400))
    loop = {FIRST: Route(oif=seen.devices["lab0"].ifindex)}
    around = replace(seen.around, routes={**seen.around.routes, **loop})
    assert codes(replace(seen, around=around)) == ["route_loop", "mtu_too_large"]


@pytest.mark.parametrize("family", [4, 6])
def test_checksums_of_a_family_that_no_tunnel_uses_are_no_concern(family: int) -> None:
    seen = kernel_seen()
    around = replace(seen.around, checksum_errors={family: 9})
    assert codes(replace(seen, around=around)) == (["checksum_errors"] if family == 4 else [])
    assert codes(Snapshot(around=around)) == []


def test_packets_without_checksum_that_nobody_waited_for_are_no_damage() -> None:
    data = database(tunnel("vx1", "fd00::2", options={"local_ip": "fd00::1"}))
    seen = ovsdb_seen(data=data)
    around = replace(seen.around, checksum_errors={6: 9}, local=frozenset(("fd00::1",)))
    assert codes(replace(seen, around=around)) == []
