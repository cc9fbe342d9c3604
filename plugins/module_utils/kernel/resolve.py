# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a declared port to the exact state it shall have on this host; pure.

What the task leaves open (MTU ``auto``, the port number) is decided here, so that a dry run
names the very values that a run sets.
"""

from __future__ import annotations

import ipaddress

from ..core.errors import ConflictError, EnvironmentProblem, OwnershipError
from ..core.ownership import mark, owner_of, token
from ..core.record import replace
from .attributes import EXTERNAL_MTU, LEGACY_MTU, MTU_MIN, OVERHEAD
from .model import PORT_NO_MAX, Datapath, Link, Observed, PortSet, PortSpec, PortState


def is_ours(state: PortState, owner: str) -> bool:
    """The port carries the mark of ``owner``, or the token of a run of it that was killed."""
    return owner_of(state.alias) == owner or is_unfinished(state, owner)


def is_unfinished(state: PortState, owner: str) -> bool:
    """A run of ``owner`` was killed while it made the port."""
    return not state.alias and token(owner) in (state.link_group, state.upcall_pid)


def made_by(state: PortState, in_flight: int) -> bool:
    """The port carries the mark or the token of the owner whose token ``in_flight`` is."""
    owner = owner_of(state.alias)
    marks = (state.link_group, state.upcall_pid, None if owner is None else token(owner))
    return in_flight in marks


def claim(spec: PortSpec, current: PortState, owner: str) -> None:
    """Raise OwnershipError unless the declared port may be touched."""
    if spec.adopt or is_ours(current, owner):
        return
    other = owner_of(current.alias)
    raise OwnershipError(
        f"{spec.where}: {spec.name} exists and is not marked as ours",
        culprit=f"it belongs to owner {other!r}, this task's owner is {owner!r}"
        if other
        else "it was made by hand or by another program",
        remedy="set 'adopt: true' to take it over on purpose, or choose another name",
    )


def check_kind(spec: PortSpec, link: Link | None) -> None:
    """Raise ConflictError where the name is taken by a device that is no VXLAN device."""
    if link is not None and link.kind != "vxlan":
        kind = link.kind or "physical or loopback"
        raise ConflictError(
            f"{spec.where}: {spec.name} is not a vxlan device",
            culprit=f"{spec.name} is a device of kind {kind}",
            remedy="choose another name, or remove that device first",
        )


def target(
    spec: PortSpec, wanted: PortSet, observed: Observed, current: PortState | None
) -> PortState:
    """The state that ``spec`` asks for; ``port_no`` is still None where any will do."""
    lower = _lower(spec, observed)
    state = PortState(
        name=spec.name,
        legacy=spec.legacy,
        attrs=spec.attrs,
        mtu=0,
        lower=spec.dev,
        mac=spec.mac,
        flood=spec.remotes,
        alias=mark(wanted.owner),
        link_group=_link_group(current, wanted.owner),
        datapath=_datapath(spec, wanted, observed) if spec.state == "present" else None,
        port_no=spec.port_no,
    )
    if state.flood is None:
        state = replace(state, flood=_kept_flood(state, current))
    if current is not None and state.datapath and state.datapath == current.datapath:
        state = replace(state, port_no=spec.port_no or current.port_no)
    return replace(state, mtu=_mtu(spec, state, lower, observed))


def _link_group(current: PortState | None, owner: str) -> int:
    """The group of a link is the user's own, unless it is the token of a run that was killed."""
    return 0 if current is None or current.link_group == token(owner) else current.link_group


def _kept_flood(state: PortState, current: PortState | None) -> frozenset[str]:
    """The flood list that is left alone, as far as the device can have it.

    A device without VNI takes its destinations from the flows: neither kind has a use for the
    list of the other. One of the kernel's own vport class is an IPv4 one.
    """
    if current is None or current.attrs["external"] != state.attrs["external"]:
        return frozenset()
    family = 4 if state.legacy else state.family
    return frozenset(
        text for text in current.flood or () if family in (None, ipaddress.ip_address(text).version)
    )


def _lower(spec: PortSpec, observed: Observed) -> Link | None:
    if spec.dev is None:
        return None
    lower = observed.link(spec.dev)
    if lower is None:
        raise ConflictError(
            f"{spec.where}: underlay device {spec.dev} does not exist",
            remedy="name an existing device by 'dev', or leave it out",
        )
    return lower


def _datapath(spec: PortSpec, wanted: PortSet, observed: Observed) -> str:
    name = spec.datapath or ""
    datapath = observed.datapaths.get(name)
    if datapath is None and name not in wanted.assume:
        raise EnvironmentProblem(
            f"{spec.where}: datapath {name} does not exist",
            remedy="create it first with tunnelmesh.ovs.ovs_datapath",
        )
    if datapath is not None and datapath.vswitchd:
        raise OwnershipError(
            f"{spec.where}: datapath {name} is owned by ovs-vswitchd, which deletes vports that "
            "it did not make within milliseconds",
            culprit="ovs-vswitchd",
            remedy="use tunnelmesh.ovs.ovs_vxlan_tunnel for bridges of ovs-vswitchd",
        )
    return name


def underlay_of(address: str | None, observed: Observed) -> Link | None:
    """The device that carries ``address``."""
    if address is None:
        return None
    wanted = ipaddress.ip_address(address)
    for ifindex, addresses in observed.addresses.items():
        if any(ipaddress.ip_interface(text).ip == wanted for text in addresses):
            return observed.links.get(ifindex)
    return None


def _mtu(spec: PortSpec, state: PortState, lower: Link | None, observed: Observed) -> int:
    """``auto``: what the underlay leaves; a number: checked against the underlay device.

    The kernel clamps an MTU above the limit at creation without a word and refuses it later
    (vxlan_config_apply(), vxlan_change_mtu()).
    """
    overhead = OVERHEAD[state.family or 4]
    if spec.mtu is not None:
        if lower is not None and spec.mtu > lower.mtu - overhead:
            raise ConflictError(
                f"{spec.where}: mtu {spec.mtu} is larger than the underlay carries",
                culprit=f"{lower.name} has MTU {lower.mtu}, less {overhead} bytes of headers "
                f"{lower.mtu - overhead}",
                remedy=f"use mtu 'auto', or raise the MTU of {lower.name}",
            )
        return spec.mtu
    if spec.legacy:
        return LEGACY_MTU
    if lower is None and state.attrs["external"]:
        return EXTERNAL_MTU
    lower = lower or underlay_of(state.attrs["local_ip"], observed)
    if lower is not None and lower.mtu - overhead < MTU_MIN:
        raise ConflictError(
            f"{spec.where}: underlay device {lower.name} is too small for a tunnel",
            culprit=f"{lower.name} has MTU {lower.mtu}, the headers alone take {overhead} bytes",
            remedy=f"raise the MTU of {lower.name} to {MTU_MIN + overhead} or more",
        )
    return (lower.mtu if lower else 1500) - overhead


class Numbers:
    """Hands out port numbers as the kernel does: the lowest free one from 1 (new_vport())."""

    def __init__(self, datapaths: dict[str, Datapath]) -> None:
        self._used = {
            name: {vport.port_no: vport.name for vport in datapath.vports}
            for name, datapath in datapaths.items()
        }
        self._next: dict[str, int] = {}

    def release(self, datapath: str, port_no: int) -> None:
        """A port that the plan detaches."""
        self._used.get(datapath, {}).pop(port_no, None)

    def take(self, where: str, datapath: str, port_no: int, name: str) -> None:
        """A number that is asked for. Raises ConflictError where another port has it."""
        holder = self._used.setdefault(datapath, {}).setdefault(port_no, name)
        if holder != name:
            raise ConflictError(
                f"{where}: port number {port_no} of datapath {datapath} is taken",
                culprit=f"port {holder}",
                remedy="choose another port_no, or leave it out",
            )

    def take_free(self, datapath: str, port_no: int, name: str) -> bool:
        """Take a number unless another port has it."""
        return self._used.setdefault(datapath, {}).setdefault(port_no, name) == name

    def lowest(self, where: str, datapath: str, name: str) -> int:
        """The lowest free number."""
        used = self._used.setdefault(datapath, {})
        number = self._next.get(datapath, 1)
        while number in used:
            number += 1
        if number > PORT_NO_MAX:
            raise ConflictError(
                f"{where}: datapath {datapath} has no free port number",
                remedy="remove ports, or use another datapath",
            )
        used[number] = name
        self._next[datapath] = number + 1
        return number
