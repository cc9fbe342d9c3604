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
from tests.unit.kernel.link_rules import Refused
from tests.unit.kernel.rules import Rules

NAMES = ("vx0", "vx1", "vx2", "vx3", "vx4")
OWNER = "default"
# The mark of a device by what it is to us.
ALIASES = {"ours": mark(OWNER), "theirs": mark("other"), "foreign": "by hand", "bare": ""}
FOUR = ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
SIX = ("fd00::1", "fd00::2", "fd00::3", "fd00::4")
Options = dict[str, Any]

# Local address or none, and a flood list of its family.
ADDRESSES: list[tuple[str | None, list[str]]] = [
    (local, list(pool[1 : 1 + count]))
    for pool in (FOUR, SIX)
    for local in (None, pool[0])
    for count in (0, 1, 2)
]
DATAPATH = st.sampled_from(["lab0", "lab0", "lab1"])
# What is out of the ordinary about a live device; attributes by their name.
ODD: list[Options] = [
    {"ttl": 0},
    {"ttl_inherit": True, "ttl": 0},
    {"tos": 1},
    {"df": 0},
    {"label": 5},
    {"learning": False},
    {"ageing": 60},
    {"gbp": True},
    {"l2miss": True},
    {"udp_csum": False},
    {"udp_zero_csum6_rx": True},
    {"src_port_range": (1000, 2000)},
    {"group": "first remote"},
    {"vni": 1},
    {"vni": 2},
    {"dst_port": 4790},
    {"dev": "eth0"},
    {"dev": "eth1"},
    {"mtu": 1400},
    {"up": False},
    {"link_group": 9},
    {"upcall": 77},
]
DEVICE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "kind": st.sampled_from(["vxlan"] * 7 + ["external", "legacy", "dummy"]),
        "whose": st.sampled_from(["ours"] * 6 + ["theirs", "foreign", "bare", "killed"]),
        "addresses": st.sampled_from(ADDRESSES),
        "datapath": st.one_of(st.none(), DATAPATH),
        "port_no": st.integers(1, 8),
        "odd": st.lists(st.sampled_from(ODD), max_size=4),
    }
)


def _live_attrs(device: Options, odd: Options) -> dict[str, Any]:
    local, flood = device["addresses"]
    base = {**DEFAULTS, "dst_port": 4789, "local_ip": local, "ttl": 64, "df": 1}
    base["vni"] = int(device["name"][-1])
    attrs = {**base, **{key: value for key, value in odd.items() if key in DEFAULTS}}
    if device["kind"] == "external":
        for key in ("vni", "ttl", "tos", "df", "ageing", "ttl_inherit"):
            attrs[key] = DEFAULTS[key]
        attrs.update(external=True, learning=False)
    attrs["group"] = flood[0] if "group" in odd and flood else None
    return attrs


def _add(rules: Rules, device: Options) -> None:
    """Make one device, in the order of the kernel. Raises Refused where it cannot exist."""
    name, killed = device["name"], device["whose"] == "killed"
    odd: Options = {key: value for part in device["odd"] for key, value in part.items()}
    alias = ALIASES.get(device["whose"], "")
    if device["kind"] == "legacy":
        dp = rules.datapaths[device["datapath"] or "lab0"].ifindex
        upcall, udp = token(OWNER) if killed else 0, odd.get("dst_port", 4789)
        rules.new_vport(dp, Vport(device["port_no"], name, TYPE_VXLAN, 0, udp, upcall_pid=upcall))
        rules.set_link(name, {"alias": alias})
        return
    link = Link(0, name, kind="vxlan", up=odd.get("up", True), mtu=odd.get("mtu", 1450))
    if device["kind"] == "dummy":
        index = 1000 + len(rules.links)
        rules.links[index] = replace(link, kind="dummy", ifindex=index)
        return
    link = replace(
        link,
        link_group=token(OWNER) if killed else odd.get("link_group", 0),
        lower=rules.link(odd["dev"]).ifindex if "dev" in odd else 0,
        attrs=_live_attrs(device, odd),
    )
    local, flood = device["addresses"]
    # A snapshot does not tell that a device without addresses is an IPv6 one.
    index = rules.create(link, any(":" in text for text in (local, *flood) if text))
    rules.set_link(name, {"alias": alias})
    for remote in flood:
        rules.flood(index, remote, True)
    if device["datapath"]:
        dp, upcall = rules.datapaths[device["datapath"]].ifindex, odd.get("upcall", 0)
        rules.new_vport(dp, Vport(device["port_no"], name, TYPE_NETDEV, 0, upcall_pid=upcall))


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
    st.sampled_from([set(), set(), {(4, 4790)}, {(6, 4789)}]),
    st.booleans(),
)

# What a declaration says besides name, state and addresses.
SAID: list[Options] = [
    *({"port_no": number} for number in range(1, 6)),
    {"datapath": "lab1"},
    {"dst_port": 4790},
    {"recreate": "never"},
    {"adopt": False},
    {"dev": "eth0"},
    {"dev": "eth1"},
    {"mtu": "1400"},
    {"mac_address": "own"},
    {"udp_csum": False},
    {"extensions": ["gbp"]},
    {"vni": 1},
    {"vni": 2},
    {"remotes": None},
    {"ttl": "0"},
    {"ttl": "inherit"},
    {"tos": "inherit"},
    {"tos": "8"},
    {"learning": False},
]
PORT = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "state": st.sampled_from(["present"] * 5 + ["detached", "absent"]),
        "kind": st.sampled_from(["vxlan"] * 8 + ["external", "legacy"]),
        "addresses": st.sampled_from(ADDRESSES),
        "said": st.lists(st.sampled_from(SAID), max_size=4),
    }
)
NEED_VNI = ("vni", "remotes", "ttl", "tos", "learning")
LEGACY = ("name", "state", "datapath", "port_no", "dst_port", "adopt", "recreate")


def _declared(port: Options) -> Options:
    """The options of one declared port."""
    name, (local, remotes) = port["name"], port["addresses"]
    options = {"name": name, "state": port["state"], "datapath": "lab0", "adopt": True}
    options.update(vni=int(name[-1]), local_ip=local, remotes=remotes)
    options.update((key, value) for part in port["said"] for key, value in part.items())
    if "mac_address" in options:
        options["mac_address"] = f"02:00:00:00:01:0{name[-1]}"
    if port["state"] != "present":
        options.update(port_no=None, datapath=None)
    if port["kind"] == "legacy" and port["state"] == "present":
        return {**{key: options.get(key) for key in LEGACY}, "vport_type": "vxlan"}
    if port["kind"] == "external":
        options.update(dict.fromkeys(NEED_VNI))
    return options


def declare(ports: list[Options], purge: bool) -> PortSet:
    """What a task declares; where it asks for a number twice, without numbers."""
    entries = [_declared(port) for port in ports]
    params = {"owner": OWNER, "purge": purge, "ports": entries}
    try:
        return port_set(params)
    except InputError:
        return port_set({**params, "ports": [{**entry, "port_no": None} for entry in entries]})


PORT_SETS = st.builds(
    declare, st.lists(PORT, unique_by=lambda port: port["name"], max_size=4), st.booleans()
)


def complete(wanted: PortSet) -> PortSet:
    """The same, every flood list declared.

    One that is left alone is lost when a run is killed while it recreates the port.
    """
    specs = (replace(spec, remotes=spec.remotes or frozenset()) for spec in wanted.specs)
    return replace(wanted, specs=tuple(specs))
