# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for connections between ports, in earnest and in a dry run of a whole play."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ConflictError,
    EnvironmentProblem,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.datapath_steps import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import Flow
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.predict import predict
from tests.unit.kernel.builders import Host, host, ops, plan_dp, refusal_dp, wired

Options = dict[str, Any]


def flows(steps: Plan, op: str) -> list[tuple[int, int]]:
    """The flows that are made or removed, as (from, to)."""
    return [flow[:2] for step in steps if step.op == op for flow in step.args["flows"]]


def test_a_connection_is_two_flows_of_ours() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 7)
    (step,) = plan_dp(made.observed(), name="lab0", connect=[["lab0", "vx1"]])
    assert step.op == "connect"
    assert flows((step,), "connect") == [(0, 7), (7, 0)]
    assert step.changes == {"flows": ([], ["lab0 -> vx1", "vx1 -> lab0"])}
    assert all(flow[2] == ufid(*flow[:2]) and len(flow[2]) == 16 for flow in step.args["flows"])


@pytest.mark.parametrize(
    "connect",
    [[["lab0", "vx1"]], [["vx1", "lab0"]], [[0, 1]], [["0", "vx1"]], None],
)
def test_a_connection_that_is_there(connect: Any) -> None:
    assert plan_dp(wired().observed(), name="lab0", connect=connect) == ()


def test_connections_that_are_not_declared_go_first() -> None:
    steps = plan_dp(wired().observed(), name="lab0", connect=[["lab0", "vx2"]])
    assert [step.op for step in steps] == ["disconnect", "connect"]
    assert flows(steps, "disconnect") == [(0, 1), (1, 0)]
    assert flows(steps, "connect") == [(0, 2), (2, 0)]
    assert steps[0].changes == {"flows": (["lab0 -> vx1", "vx1 -> lab0"], [])}


def test_an_empty_list_disconnects_all_of_ours_and_nothing_else() -> None:
    made = wired()
    made.flow("lab0", Flow(2, 1, b"somebody-else-16"))
    made.flow("lab0", Flow(None, None, b"", wildcard=False))
    steps = plan_dp(made.observed(), name="lab0", connect=[])
    assert ops(steps) == [("disconnect", "lab0")]
    assert flows(steps, "disconnect") == [(0, 1), (1, 0)]


def test_half_a_connection_is_completed() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1)
    made.flow("lab0", Flow(0, 1, ufid(0, 1)))
    assert flows(plan_dp(made.observed(), name="lab0", connect=[[0, 1]]), "connect") == [(1, 0)]


def test_a_port_with_a_new_number_is_connected_anew() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 5)
    made.flow("lab0", Flow(0, 1, ufid(0, 1)))
    made.flow("lab0", Flow(1, 0, ufid(1, 0)))
    steps = plan_dp(made.observed(), name="lab0", connect=[["lab0", "vx1"]])
    assert flows(steps, "disconnect") == [(0, 1), (1, 0)]
    assert flows(steps, "connect") == [(0, 5), (5, 0)]


def test_a_wildcard_flow_of_others_is_in_the_way() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1)
    made.flow("lab0", Flow(1, 3))
    error = refusal_dp(made, name="lab0", connect=[["lab0", "vx1"]])
    assert isinstance(error, ConflictError)
    assert error.culprit == "for in-port vx1"
    assert "ovs-dpctl del-flow lab0 'in_port(1),eth()'" in str(error.remedy)


def test_an_exact_flow_of_others_is_not_in_the_way() -> None:
    made = host()
    made.vxlan("vx1", "lab0", 1)
    made.flow("lab0", Flow(1, 3, wildcard=False))
    assert flows(plan_dp(made.observed(), name="lab0", connect=[[0, 1]]), "connect")


@pytest.mark.parametrize(
    ("connect", "problem"),
    [
        ([["lab0", "vx9"]], "datapath lab0 has no port vx9"),
        ([["lab0", 9]], "datapath lab0 has no port 9"),
        ([["lab0", "0"]], "lab0 and 0 are the same port"),
        ([["vx1", "1"]], "vx1 and 1 are the same port"),
        ([["lab0", "vx1"], ["0", "vx2"]], "lab0 and 0 are the same port"),
    ],
)
def test_connections_that_are_refused(connect: Any, problem: str) -> None:
    error = refusal_dp(wired(), name="lab0", connect=connect)
    assert isinstance(error, (ConflictError, EnvironmentProblem))
    assert problem in error.cause


def test_a_new_datapath_has_its_local_port_only() -> None:
    assert "has no port vx1" in refusal_dp(host(), name="lab1", connect=[["lab1", "vx1"]]).cause


# -- dry runs of a whole play -------------------------------------------------------------------


def test_a_dry_run_may_assume_datapath_and_ports() -> None:
    assumed = ["lab9", "vx1", "vx2", "vx3"]
    options = {"connect": [["lab9", "vx1"], ["vx2", "vx3"]], "check_mode_assume": assumed}
    steps = plan_dp(host().observed(), name="lab9", **options)
    assert ops(steps) == [("connect", "lab9")]
    after = predict(host().observed(), steps).datapaths["lab9"]
    assert len(after.flows) == 4
    assert {vport.name for vport in after.vports} == set(assumed)


def test_a_dry_run_may_assume_a_port_of_a_datapath_that_is_there() -> None:
    made = Host()
    made.datapath("lab9")
    made.vxlan("vx1", "lab9", 1, vni=1)
    assumed = ["vx2", "vx3"]
    options = {"connect": [["lab9", "vx1"], ["vx2", "vx3"]], "check_mode_assume": assumed}
    steps = plan_dp(made.observed(), name="lab9", **options)
    after = predict(made.observed(), steps)
    assert len({vport.port_no for vport in after.datapaths["lab9"].vports}) == 4
    assert plan_dp(after, name="lab9", **options) == ()
