# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a task says, a writing module plans it or refuses it in words.

Parameters are drawn from the argument specs themselves and pass Ansible's own validation. They
then go through everything that is pure: the checks, the plan, what a dry run foretells, its view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import event, given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils import files
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.access import desired as access
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.access import plan as access_plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.access.model import (
    Observed as Ports,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core import arguments
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import (
    desired as kernel_ports,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import (
    desired_datapath,
    plan_datapath,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import model as kernel
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import plan as kernel_plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import predict as kernel_predict
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import view as kernel_view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import arguments as ovsdb_spec
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import desired as ovsdb_desired
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import model as ovsdb
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import plan as ovsdb_plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import predict as ovsdb_predict
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import view as ovsdb_view
from ansible_collections.tunnelmesh.ovs.plugins.modules import host_files, host_look
from tests.unit.core.profile import examples

WORDS = [
    *("", " ", "lab0", "br0", "vx1", "vx%d", "a" * 16, "eth0", "flow", "inherit", "auto", "all"),
    *("192.0.2.1", "192.0.2.2/24", "2001:db8::1", "fe80::1%eth0", "::ffff:192.0.2.1", "224.0.0.1"),
    *(
        "0",
        "-1",
        "65536",
        "4294967296",
        "0x10",
        "1e3",
        "½",
        "é\x00\n",
        "../../etc/passwd",
        "{{ x }}",
    ),
    *("02:00:00:00:00:01", "1-2", "9-1", "/tmp/x", "0644", "unix:/nowhere", "default"),
]
TEXTS = st.sampled_from(WORDS) | st.text(max_size=20)
NUMBERS = st.sampled_from([-1, 0, 1, 68, 100, 1450, 4094, 65535, 65536, 1 << 24, 1 << 32, 1 << 70])
ANYTHING = st.none() | st.booleans() | NUMBERS | TEXTS | st.lists(TEXTS, max_size=2)
SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "str": TEXTS,
    "path": TEXTS,
    "int": NUMBERS | st.integers(),
    "bool": st.booleans(),
    "float": st.floats(),
    "raw": ANYTHING,
}


def value(option: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """A value of an option's type."""
    if "choices" in option and option.get("type") != "list":
        return st.sampled_from(option["choices"])
    kind = option.get("type", "str")
    if kind == "list":
        inner = option.get("elements", "str")
        if inner == "list":
            return st.lists(st.lists(NUMBERS | TEXTS, max_size=3), max_size=3)
        return st.lists(value({**option, "type": inner}), max_size=4)
    if kind == "dict":
        if "options" in option:
            return entry(option["options"])
        return st.dictionaries(TEXTS, ANYTHING, max_size=3)
    return SCALARS[kind]


def entry(options: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A dictionary with some of these options; the names that others lead to are likely."""
    likely = {name: value(option) for name, option in options.items()}
    must = {name for name, option in options.items() if option.get("required")}
    usual = {"name", "bridge", "remote_ip", "vni", "datapath", "tag", "path"} & set(options) - must
    return st.fixed_dictionaries(
        {name: likely[name] for name in sorted(must)},
        optional={name: one for name, one in likely.items() if name not in must},
    ) | st.fixed_dictionaries(
        {name: likely[name] for name in sorted(must | usual)},
        optional={name: one for name, one in likely.items() if name not in must | usual},
    )


def plan_ports(params: Mapping[str, Any]) -> None:
    """ovs_vxlan_port, on a host with one datapath."""
    wanted = kernel_ports.port_set(params)
    local = kernel.Vport(0, "lab0", kernel.TYPE_INTERNAL, 5)
    host = kernel.Observed(
        links={5: kernel.Link(5, "lab0"), 2: kernel.Link(2, "eth0", up=True, mtu=1500)},
        datapaths={"lab0": kernel.Datapath(5, "lab0", vports=(local,))},
    )
    kernel_view.ports(kernel_predict.predict(host, kernel_plan.plan_ports(wanted, host)))


def plan_datapaths(params: Mapping[str, Any]) -> None:
    """ovs_datapath, on an empty host."""
    wanted = desired_datapath.datapath_set(params)
    host = kernel.Observed()
    steps = plan_datapath.plan_datapaths(wanted, host)
    kernel_view.datapaths(kernel_predict.predict(host, steps))


def plan_tunnels(params: Mapping[str, Any]) -> None:
    """ovs_vxlan_tunnel, in a database with one bridge."""
    wanted = ovsdb_desired.desired(params)
    columns = {"fail_mode": None, "datapath_type": "", "mcast_snooping_enable": False}
    bridge = ovsdb.Bridge("br0", {**columns, "other_config": {}}, uuid="1", ports={"2": "br0"})
    host = ovsdb.Observed(bridges={"br0": bridge}, root="0", kernel=ovsdb.Kernel())
    steps = ovsdb_plan.plan_all(wanted, host)
    ovsdb_view.everything(ovsdb_predict.predict(host, steps))


def plan_access_ports(params: Mapping[str, Any]) -> None:
    """ovs_access_port, in a database with one bridge."""
    specs = access.desired(params)
    host = Ports("0", {"br0": "1"})
    access_plan.predict(host, access_plan.plan(specs, host, "default", bool(params["purge"])))


def plan_files(params: Mapping[str, Any]) -> None:
    """host_files, in a dry run."""
    files.apply(params["files"], check_mode=True)


def look(params: Mapping[str, Any]) -> None:
    """host_look, at this machine."""
    host_look.seen(dict(params), True)


FILES = {
    "files": {"type": "list", "elements": "dict", "required": True, "options": host_files.FILE}
}
CASES: dict[str, tuple[Mapping[str, Any], Callable[[Mapping[str, Any]], None]]] = {
    "ovs_vxlan_port": (
        arguments.spec(kernel_ports.OPTIONS, "ports"),
        plan_ports,
    ),
    "ovs_datapath": (
        arguments.spec(desired_datapath.OPTIONS, "datapaths"),
        plan_datapaths,
    ),
    "ovs_vxlan_tunnel": (ovsdb_spec.spec(), plan_tunnels),
    "ovs_access_port": (arguments.spec(access.OPTIONS, "ports"), plan_access_ports),
    "host_files": (FILES, plan_files),
    "host_look": (host_look.OPTIONS, look),
}


@pytest.mark.parametrize("module", CASES)
@given(st.data())
@examples(150)
def test_a_task_is_planned_or_refused_in_words(module: str, data: st.DataObject) -> None:
    spec, plan = CASES[module]
    validated = ArgumentSpecValidator(spec).validate(data.draw(entry(spec)))
    if validated.error_messages:
        event("refused by Ansible")
        return
    try:
        plan(validated.validated_parameters)
        event("planned")
    except TunnelMeshError:
        event("refused")
