# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arbitrary hosts with datapaths, and arbitrary declarations of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import token
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.datapath_steps import ufid
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.desired_datapath import (
    datapath_set,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    DatapathSet,
    Flow,
    Observed,
)
from tests.unit.kernel.builders import Host
from tests.unit.kernel.worlds import ALIASES, OWNER, Options


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nothing, or one of the values."""
    return st.one_of(st.none(), values)


NAMES = ("lab0", "lab1", "lab2")
ADDRESSES = ("198.18.0.1/24", "198.18.0.2/24", "198.18.1.1/24", "fd00::1/64", "fd00::2/64")
# What a datapath may have besides its local port; the names end in the datapath's digit.
PORTS = ("vx", "leg", "tap", "int")
ENDS = st.sampled_from([*(f"{kind}{n}" for kind in PORTS for n in "01"), "lab0", "lab1", 0, 1, 2])
ADDRESS_LIST = st.lists(st.sampled_from(ADDRESSES), unique=True, max_size=3)

FLOW = st.fixed_dictionaries(
    {
        "in_port": st.integers(0, 4),
        "output": st.integers(0, 4),
        "whose": st.sampled_from(["ours", "ours", "foreign", "plain"]),
        "wildcard": st.sampled_from([True, True, False]),
    }
)
DATAPATH = st.fixed_dictionaries(
    {
        "whose": st.sampled_from(["ours", "ours", "ours", "theirs", "foreign", "bare", "killed"]),
        "up": st.booleans(),
        "mtu": st.sampled_from([1400, 1500]),
        "addresses": ADDRESS_LIST,
        "ports": st.lists(st.sampled_from(PORTS), unique=True, max_size=3),
        "port_owner": st.sampled_from(["ours", "ours", "foreign"]),
        "flows": st.lists(FLOW, unique_by=lambda flow: flow["in_port"]),
    }
)


def _add(made: Host, name: str, datapath: Options) -> None:
    upcall = token(OWNER) if datapath["whose"] == "killed" else 0
    alias = ALIASES.get(datapath["whose"], "")
    made.datapath(name, *datapath["addresses"], alias=alias, upcall=upcall)
    index = made.ifindex(name)
    local = made.links[index]
    made.links[index] = type(local)(**{**vars(local), "up": datapath["up"], "mtu": datapath["mtu"]})
    digit, port_alias = name[-1], ALIASES[datapath["port_owner"]]
    for number, kind in enumerate(datapath["ports"], 1):
        port = kind + digit
        if kind == "vx":
            made.vxlan(port, name, number, vni=int(digit) + 1, alias=port_alias)
        elif kind == "leg":
            made.legacy(port, name, number, alias=port_alias, attrs={"dst_port": 5000 + int(digit)})
        elif kind == "int":
            made.internal(name, port, number)
        else:
            made.device(port, kind="tun")
            made.link(name, port, number)
    for flow in datapath["flows"]:
        known = {"ours": ufid(flow["in_port"], flow["output"]), "foreign": b"x" * 16}
        in_port = flow["in_port"] if flow["wildcard"] or flow["whose"] == "ours" else None
        wildcard = in_port is not None
        made.flow(name, Flow(in_port, flow["output"], known.get(flow["whose"], b""), wildcard))


def build(datapaths: list[Options], clash: bool) -> Observed:
    """A host with lab0, lab1, ... as described."""
    made = Host()
    made.device("eth0", "192.0.2.1/24")
    for number, datapath in enumerate(datapaths):
        _add(made, f"lab{number}", datapath)
    if clash:
        made.device("lab2", kind="bridge")
    return made.observed()


HOSTS = st.builds(build, st.lists(DATAPATH, max_size=2), st.sampled_from([False, False, True]))


DECLARED = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "state": st.sampled_from(["present", "present", "present", "absent"]),
        "up": maybe(st.booleans()),
        "mtu": maybe(st.sampled_from([1400, 1450])),
        "address": maybe(ADDRESS_LIST),
        "connect": maybe(st.lists(st.lists(ENDS, min_size=2, max_size=2), max_size=2)),
        "adopt": st.booleans(),
        "force": st.booleans(),
    }
)


def declare(entries: list[Options], purge: bool) -> DatapathSet:
    """What a task declares; where a port is in two connections, without any."""
    params: dict[str, Any] = {"owner": OWNER, "purge": purge, "datapaths": entries}
    try:
        return datapath_set(params)
    except InputError:
        return datapath_set({**params, "datapaths": [{**e, "connect": None} for e in entries]})


DATAPATH_SETS = st.builds(
    declare, st.lists(DECLARED, unique_by=lambda entry: entry["name"], max_size=3), st.booleans()
)
