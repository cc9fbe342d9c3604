# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel does to datapaths, their ports and addresses, beside the rules for devices."""

from __future__ import annotations

import errno
import ipaddress
from dataclasses import replace

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_INTERNAL,
    TYPE_NETDEV,
    Datapath,
    Link,
    Vport,
)
from tests.unit.kernel.link_rules import LEGACY, LinkRules, Refused


class Rules(LinkRules):
    """One network namespace of the model kernel."""

    def dp(self, ifindex: int) -> Datapath:
        """The datapath with this local device."""
        for found in self.datapaths.values():
            if found.ifindex == ifindex:
                return found
        raise Refused(errno.ENODEV)

    def new_datapath(self, name: str, upcall: int, features: int) -> None:
        """ovs_dp_cmd_new()."""
        if self._exists(name):
            raise Refused(errno.EEXIST)
        index = self._new_index()
        self.links[index] = Link(index, name, kind="openvswitch", mtu=1500, mac="0e:11:00:00:00:01")
        local = Vport(0, name, TYPE_INTERNAL, index, upcall_pid=upcall)
        self.datapaths[name] = Datapath(index, name, features, vports=(local,))

    def del_datapath(self, ifindex: int) -> None:
        """NETDEV devices survive detached, all others die."""
        found = self.dp(ifindex)
        for vport in found.vports:
            self._unlink(vport.ifindex)
            if vport.type != TYPE_NETDEV:
                self._forget(vport.ifindex)
        del self.datapaths[found.name]

    def new_vport(self, ifindex: int, asked: Vport) -> None:
        """ovs_vport_cmd_new(), for the types that the plan uses."""
        found = self.dp(ifindex)
        numbers = {vport.port_no for vport in found.vports}
        if asked.port_no > 65534:
            raise Refused(errno.EFBIG)
        if asked.port_no in numbers - {0}:
            raise Refused(errno.EBUSY)
        number = asked.port_no or min(set(range(1, 65535)) - numbers)
        if asked.type == TYPE_NETDEV:
            link = self.link(asked.name)
            if link.name == "lo" or link.kind == "openvswitch":
                raise Refused(errno.EINVAL)
            if link.master:
                raise Refused(errno.EEXIST if link.master == ifindex else errno.EBUSY)
            index = link.ifindex
        else:
            index = self._new_legacy(asked)
        vport = replace(asked, port_no=number, ifindex=index)
        self.datapaths[found.name] = replace(found, vports=(*found.vports, vport))
        self.links[index] = replace(
            self.links[index], master=ifindex, slave_kind="openvswitch", promiscuity=1
        )

    def _new_legacy(self, asked: Vport) -> int:
        attrs = {**LEGACY, "dst_port": asked.dst_port or 8472, "gbp": asked.gbp}
        link = Link(0, asked.name, kind="vxlan", up=True, mtu=65535, attrs=attrs)
        return self.create(link, six=False, private=True)

    def set_upcall(self, ifindex: int, port_no: int, upcall: int) -> None:
        """ovs_vport_cmd_set(): the number is only looked up."""
        found = self.dp(ifindex)
        self._vport(found, port_no)
        self.datapaths[found.name] = replace(
            found,
            vports=tuple(
                replace(vport, upcall_pid=upcall) if vport.port_no == port_no else vport
                for vport in found.vports
            ),
        )

    def del_vport(self, ifindex: int, port_no: int) -> None:
        """ovs_vport_cmd_del(): only a NETDEV device outlives its vport."""
        if port_no == 0:
            raise Refused(errno.EINVAL)
        vport = self._vport(self.dp(ifindex), port_no)
        self._unlink(vport.ifindex)
        if vport.type != TYPE_NETDEV:
            self._forget(vport.ifindex)

    @staticmethod
    def _vport(found: Datapath, port_no: int) -> Vport:
        for vport in found.vports:
            if vport.port_no == port_no:
                return vport
        raise Refused(errno.ENODEV)

    def address(self, ifindex: int, text: str, add: bool) -> None:
        """Add or remove an address; an IPv4 one takes the secondaries of its network along."""
        now = self.addresses.get(ifindex, ())
        parsed = ipaddress.ip_interface(text)
        if ifindex not in self.links:
            raise Refused(errno.ENODEV)
        if add:
            if parsed.version == 6 and self.links[ifindex].mtu < 1280:
                raise Refused(errno.ENOBUFS)
            if text in now:
                raise Refused(errno.EEXIST)
            self.addresses[ifindex] = (*now, text)
            return
        if text not in now:
            raise Refused(errno.EADDRNOTAVAIL)
        before = now[: now.index(text)]
        primary = parsed.version == 4 and not any(_same_network(text, other) for other in before)
        self.addresses[ifindex] = tuple(
            other for other in now if other != text and not (primary and _same_network(text, other))
        )


def _same_network(one: str, other: str) -> bool:
    first, second = ipaddress.ip_interface(one), ipaddress.ip_interface(other)
    return first.network == second.network
