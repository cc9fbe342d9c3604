# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arbitrary hosts and arbitrary declarations, for the properties.

The pools are small on purpose: names, numbers, VNIs and UDP ports shall collide. A host is built
through the model kernel, so that it is one that can exist.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import mark, token
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import DEFAULTS
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.desired import port_set
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_NETDEV,
    TYPE_VXLAN,
    Datapath,
    Link,
    Observed,
    PortSet,
    Vport,
)
from tests.unit.kernel.builders import Host
from tests.unit.kernel.rules import Refused, Rules

NAMES = ("vx0", "vx1", "vx2", "vx3", "vx4")
OWNER = "default"
# The mark of a device by what it is to us.
ALIASES = {"ours": mark(OWNER), "theirs": mark("other"), "foreign": "by hand", "bare": ""}
FOUR = ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
SIX = ("fd00::1", "fd00::2", "fd00::3", "fd00::4")
Options = dict[str, Any]


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nothing, or one of the values."""
    return st.one_of(st.none(), values)


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str | None, list[str], bool]:
    """A local address or none, a flood list of its family, whether both are IPv6."""
    six = draw(st.booleans())
    pool = SIX if six else FOUR
    local = draw(maybe(st.just(pool[0])))
    flood = draw(st.lists(st.sampled_from(pool[1:]), unique=True, max_size=3))
    # A snapshot does not tell that a device without addresses is an IPv6 one.
    return local, flood, six and bool(local or flood)


PORT_NO = st.integers(1, 8)
DST_PORT = st.sampled_from([4789, 4789, 4789, 4790])
RARELY = st.sampled_from([False] * 7 + [True])


def vni(name: str) -> st.SearchStrategy[int]:
    """The VNI of a port: mostly its own."""
    return st.sampled_from([int(name[-1])] * 4 + [1, 2])


DATAPATH = st.sampled_from(["lab0", "lab0", "lab1"])
DEV = st.sampled_from(["eth0", "eth1"])
LIVE_ATTRS = st.fixed_dictionaries(
    {},
    optional={
        "ttl": st.sampled_from([0, 64]),
        "ttl_inherit": st.booleans(),
        "tos": st.sampled_from([0, 1, 8]),
        "df": st.sampled_from([0, 1, 2]),
        "label": st.sampled_from([0, 5]),
        "learning": st.booleans(),
        "ageing": st.sampled_from([0, 300]),
        "gbp": RARELY,
        "l2miss": st.booleans(),
        "udp_csum": st.booleans(),
        "udp_zero_csum6_rx": RARELY,
        "src_port_range": st.sampled_from([(0, 0), (1000, 2000)]),
        "group": st.sampled_from(["group"]),
    },
)
DEVICE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "kind": st.sampled_from(["vxlan"] * 7 + ["external", "legacy", "dummy"]),
        "whose": st.sampled_from(["ours"] * 6 + ["theirs", "foreign", "bare", "killed"]),
        "addresses": addresses(),
        "attrs": LIVE_ATTRS,
        "vni": st.sampled_from([None] * 4 + [1, 2]),
        "dst_port": DST_PORT,
        "datapath": maybe(DATAPATH),
        "port_no": PORT_NO,
        "lower": maybe(DEV),
        "mtu": st.sampled_from([1400, 1430, 1450, 8950]),
        "up": st.sampled_from([True, True, True, False]),
        "group": st.sampled_from([0, 0, 0, 9]),
        "upcall": st.sampled_from([0, 0, 0, 77]),
    }
)


def _live_attrs(device: Options) -> dict[str, Any]:
    external = device["kind"] == "external"
    local, flood, _six = device["addresses"]
    attrs = {**DEFAULTS, "dst_port": device["dst_port"], "local_ip": local, **device["attrs"]}
    if external:
        attrs.update(external=True, learning=False, ttl=0, tos=0, df=0, ageing=300)
    else:
        attrs["vni"] = device["vni"] or int(device["name"][-1])
    attrs["group"] = flood[0] if "group" in device["attrs"] and flood else None
    return attrs


def _add(rules: Rules, device: Options) -> None:
    """Make one device, in the order of the kernel. Raises Refused where it cannot exist."""
    name, killed = device["name"], device["whose"] == "killed"
    alias = ALIASES.get(device["whose"], "")
    if device["kind"] == "legacy":
        dp = rules.datapaths[device["datapath"] or "lab0"].ifindex
        upcall = token(OWNER) if killed else 0
        port = Vport(device["port_no"], name, TYPE_VXLAN, 0, device["dst_port"], upcall_pid=upcall)
        rules.new_vport(dp, port)
        rules.set_link(name, {"alias": alias})
        return
    group = token(OWNER) if killed else device["group"]
    lower = rules.link(device["lower"]).ifindex if device["lower"] else 0
    link = Link(
        0, name, kind="vxlan", up=device["up"], mtu=device["mtu"], link_group=group, lower=lower
    )
    if device["kind"] == "dummy":
        link = replace(link, kind="dummy", lower=0)
        rules.links[1000 + len(rules.links)] = replace(link, ifindex=1000 + len(rules.links))
        return
    index = rules.create(replace(link, attrs=_live_attrs(device)), device["addresses"][2])
    rules.set_link(name, {"alias": alias})
    for remote in device["addresses"][1]:
        rules.flood(index, remote, True)
    if device["datapath"]:
        dp = rules.datapaths[device["datapath"]].ifindex
        rules.new_vport(
            dp, Vport(device["port_no"], name, TYPE_NETDEV, 0, upcall_pid=device["upcall"])
        )


def underlay() -> Host:
    """Two underlay devices and two datapaths of ours."""
    made = Host()
    made.device("eth0", f"{FOUR[0]}/24", f"{SIX[0]}/64")
    made.device("eth1", mtu=9000)
    made.datapath("lab0")
    made.datapath("lab1")
    return made


def build(devices: list[Options], held: set[tuple[int, int]], vswitchd: bool) -> Observed:
    """A host with those of the devices that can exist side by side."""
    made = underlay()
    if vswitchd:
        index = made.device("ovs-system", kind="openvswitch")
        made.datapaths["ovs-system"] = Datapath(
            index, "ovs-system", 9, True, (Vport(0, "ovs-system", 2, index),)
        )
    rules = Rules(made.observed())
    for device in devices:
        before = Rules(rules.snapshot())
        before.six, before.held = set(rules.six), set(rules.held)
        try:
            _add(rules, device)
        except Refused:
            rules = before
    rules.held = held - {
        (family, link.attrs["dst_port"])
        for link in rules.links.values()
        if link.kind == "vxlan"
        for family in (4, 6)
    }
    return rules.snapshot()


HOSTS = st.builds(
    build,
    st.lists(DEVICE, unique_by=lambda device: device["name"], max_size=5),
    st.sets(st.sampled_from([(4, 4790), (6, 4789)]), max_size=1),
    st.booleans(),
)


@st.composite
def declared_port(draw: st.DrawFn, name: str) -> Options:
    """One entry of a task's ports."""
    state = draw(st.sampled_from(["present"] * 4 + ["detached", "absent"]))
    options: Options = {"name": name, "state": state, "adopt": not draw(RARELY)}
    options["dst_port"] = draw(maybe(DST_PORT))
    options["recreate"] = draw(st.sampled_from([None] * 9 + ["never"]))
    if state == "present":
        options["datapath"] = draw(DATAPATH)
        options["port_no"] = draw(maybe(PORT_NO))
    kind = draw(st.sampled_from(["vxlan"] * 8 + ["external", "legacy"]))
    if kind == "legacy" and state == "present":
        return {**options, "vport_type": "vxlan"}
    local, remotes, _six = draw(addresses())
    options["local_ip"] = local
    options["dev"] = draw(maybe(DEV))
    options["mtu"] = draw(maybe(st.sampled_from(["1400", "1430"])))
    options["mac_address"] = draw(maybe(st.just(f"02:00:00:00:01:0{name[-1]}")))
    options["udp_csum"] = draw(maybe(st.booleans()))
    options["extensions"] = ["gbp"] if draw(RARELY) else None
    if kind == "vxlan":
        options["vni"] = draw(vni(name))
        options["remotes"] = draw(maybe(st.just(remotes)))
        options["ttl"] = draw(maybe(st.sampled_from(["0", "inherit", "7"])))
        options["tos"] = draw(maybe(st.sampled_from(["inherit", "8"])))
        options["learning"] = draw(maybe(st.booleans()))
    return options


@st.composite
def port_sets(draw: st.DrawFn) -> PortSet:
    """What a task may declare."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    entries = [draw(declared_port(name)) for name in names]
    params = {"owner": OWNER, "purge": draw(st.booleans()), "ports": entries}
    try:
        return port_set(params)
    except InputError:  # one number asked for twice
        return port_set({**params, "ports": [{**entry, "port_no": None} for entry in entries]})


def complete(wanted: PortSet) -> PortSet:
    """The same, every flood list declared.

    One that is left alone is lost when a run is killed while it recreates the port.
    """
    specs = (replace(spec, remotes=spec.remotes or frozenset()) for spec in wanted.specs)
    return replace(wanted, specs=tuple(specs))
