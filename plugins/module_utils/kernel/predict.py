# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot looks like after a plan; pure.

Used for dry runs and for the laws in the tests. Devices that do not exist yet get negative
ifindexes, which no kernel hands out.
"""

from __future__ import annotations

from typing import Any

from ..core.record import replace
from ..core.steps import Plan, Step
from . import conflicts
from .model import (
    TYPE_INTERNAL,
    TYPE_NETDEV,
    TYPE_VXLAN,
    Datapath,
    Flow,
    Link,
    Observed,
    PortState,
    Vport,
)


def predict(observed: Observed, plan: Plan) -> Observed:
    """``observed`` with every step of ``plan`` applied."""
    links = dict(observed.links)
    datapaths = dict(observed.datapaths)
    addresses = dict(observed.addresses)
    for step in plan:
        if step.kind == "datapath":
            _datapath(step, links, datapaths, addresses)
        else:
            _port(step, links, datapaths)
    after = replace(observed, links=links, datapaths=datapaths, addresses=addresses)
    udp = (observed.udp - conflicts.served(observed)) | conflicts.served(after)
    return replace(after, udp=udp)


def _datapath(
    step: Step,
    links: dict[int, Link],
    datapaths: dict[str, Datapath],
    addresses: dict[int, tuple[str, ...]],
) -> None:
    """One datapath step, in place."""
    found = datapaths.get(step.name)
    if step.op == "create":
        ifindex = min([0, *links]) - 1
        links[ifindex] = Link(ifindex, step.name, mtu=1500, alias=step.args["alias"])
        local = Vport(0, step.name, TYPE_INTERNAL, ifindex)
        datapaths[step.name] = Datapath(ifindex, step.name, features=1, vports=(local,))
    elif step.op == "delete" and found is not None:
        _destroy(found, links, datapaths, addresses)
    elif step.op == "change" and found is not None:
        fields = {name: after for name, (_before, after) in step.args["changes"].items()}
        if "address" in fields:
            addresses[found.ifindex] = tuple(fields.pop("address"))
        if "upcall_pid" in fields:
            pid = fields.pop("upcall_pid")
            vports = tuple(
                replace(vport, upcall_pid=pid) if vport.port_no == 0 else vport
                for vport in found.vports
            )
            datapaths[step.name] = replace(found, vports=vports)
        links[found.ifindex] = replace(links[found.ifindex], **fields)
    elif step.op in ("connect", "disconnect"):
        datapaths[step.name] = _flows(step, found)


def _destroy(
    found: Datapath,
    links: dict[int, Link],
    datapaths: dict[str, Datapath],
    addresses: dict[int, tuple[str, ...]],
) -> None:
    """NETDEV devices survive detached, all others die with the datapath."""
    for vport in found.vports:
        if vport.type == TYPE_NETDEV and vport.ifindex in links:
            _detach(links[vport.ifindex], links, datapaths)
        else:
            links.pop(vport.ifindex, None)
    addresses.pop(found.ifindex, None)
    del datapaths[found.name]


def _flows(step: Step, found: Datapath | None) -> Datapath:
    # In a dry run the datapath and its ports may be those that an earlier task would make.
    found = found or Datapath(0, step.name, vports=(Vport(0, step.name, TYPE_INTERNAL, 0),))
    named = {vport.name for vport in found.vports}
    phantoms = tuple(
        Vport(number, name, TYPE_NETDEV, 0)
        for name, number in step.args["assumed"].items()
        if name not in named
    )
    flows = [Flow(in_port, output, key) for in_port, output, key in step.args["flows"]]
    kept = tuple(flow for flow in found.flows if flow not in flows)
    if step.op == "connect":
        kept += tuple(flows)
    return replace(found, vports=found.vports + phantoms, flows=kept)


def _port(step: Step, links: dict[int, Link], datapaths: dict[str, Datapath]) -> None:
    """One port step, in place."""
    if step.op == "create":
        _create(step.args["state"], links, datapaths)
        return
    link = next(link for link in links.values() if link.name == step.name)
    if step.op == "link":
        upcall = step.args["upcall_pid"]
        vport = Vport(step.args["port_no"], link.name, TYPE_NETDEV, link.ifindex, upcall_pid=upcall)
        _attach(step.args["datapath"], vport, links, datapaths)
    elif step.op in ("detach", "delete"):
        _detach(link, links, datapaths)
        if step.op == "delete":
            del links[link.ifindex]
    elif step.op == "change":
        _change(link, step.args["changes"], links, datapaths)


def _create(state: PortState, links: dict[int, Link], datapaths: dict[str, Datapath]) -> None:
    ifindex = min([0, *links]) - 1
    lower = next((link.ifindex for link in links.values() if link.name == state.lower), 0)
    links[ifindex] = Link(
        ifindex,
        state.name,
        kind="vxlan",
        up=state.up,
        mtu=state.mtu,
        mac=state.mac or "",
        alias=state.alias,
        link_group=state.link_group,
        lower=lower,
        attrs=state.attrs,
        flood=state.flood or frozenset(),
    )
    if state.legacy and state.datapath is not None:
        number = state.port_no or 0
        vport = Vport(
            number,
            state.name,
            TYPE_VXLAN,
            ifindex,
            state.attrs["dst_port"],
            state.attrs["gbp"],
            state.upcall_pid,
        )
        _attach(state.datapath, vport, links, datapaths)


def _attach(
    name: str, vport: Vport, links: dict[int, Link], datapaths: dict[str, Datapath]
) -> None:
    # A datapath that an earlier task of a dry run would have made.
    datapath = datapaths.get(name) or Datapath(0, name)
    datapaths[name] = replace(datapath, vports=(*datapath.vports, vport))
    links[vport.ifindex] = replace(
        links[vport.ifindex],
        master=datapath.ifindex,
        slave_kind="openvswitch",
        promiscuity=links[vport.ifindex].promiscuity + 1,
    )


def _detach(link: Link, links: dict[int, Link], datapaths: dict[str, Datapath]) -> None:
    for name, datapath in datapaths.items():
        kept = tuple(vport for vport in datapath.vports if vport.ifindex != link.ifindex)
        if len(kept) != len(datapath.vports):
            datapaths[name] = replace(datapath, vports=kept)
            links[link.ifindex] = replace(
                link, master=0, slave_kind="", promiscuity=max(0, link.promiscuity - 1)
            )


def _change(
    link: Link, changes: dict[str, Any], links: dict[int, Link], datapaths: dict[str, Datapath]
) -> None:
    fields = {name: after for name, (_before, after) in changes.items()}
    if "remotes" in fields:
        fields["flood"] = frozenset(fields.pop("remotes"))
    if "upcall_pid" in fields:
        pid = fields.pop("upcall_pid")
        for name, datapath in datapaths.items():
            vports = tuple(
                replace(vport, upcall_pid=pid) if vport.ifindex == link.ifindex else vport
                for vport in datapath.vports
            )
            datapaths[name] = replace(datapath, vports=vports)
    own = {name: fields.pop(name) for name in list(fields) if hasattr(link, name)}
    links[link.ifindex] = replace(link, **own, attrs={**link.attrs, **fields})
