# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel does to network devices, and what it refuses; as measured on Linux 6.1.

No substitute for the tests on real kernels: it is here so that thousands of declarations, kills
and failures can be tried in seconds. Written from the rules, not from the plan.
"""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import (
    ATTRIBUTES,
    DEFAULTS,
    RECEIVE_FLAGS,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    TYPE_VXLAN,
    Link,
    Observed,
)

LEGACY: dict[str, Any] = {
    **DEFAULTS,
    "external": True,
    "learning": False,
    "udp_zero_csum6_rx": True,
}


class Refused(Exception):
    """The kernel answers with an error number."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(errno.errorcode[code], text)
        self.code = code
        self.text = text


class LinkRules:
    """One network namespace of the model kernel."""

    def __init__(self, observed: Observed) -> None:
        self.links = dict(observed.links)
        self.datapaths = dict(observed.datapaths)
        self.addresses = dict(observed.addresses)
        self.held: set[tuple[int, int]] = set()
        self.six = {link.ifindex for link in self.links.values() if _six(link)}
        self._last = max(self.links, default=0)
        self.held = set(observed.udp - self._sockets())

    def _sockets(self) -> set[tuple[int, int]]:
        return {
            (family, link.attrs["dst_port"])
            for link in self.links.values()
            if link.kind == "vxlan" and link.up
            for family in self._families(link)
        }

    def snapshot(self) -> Observed:
        """What a reader sees; /proc/net/udp lists the kernel's own sockets, too."""
        return Observed(
            dict(self.links),
            dict(self.datapaths),
            {ifindex: found for ifindex, found in self.addresses.items() if found},
            frozenset(self.held | self._sockets()),
        )

    def link(self, name: str) -> Link:
        """The device called so."""
        for link in self.links.values():
            if link.name == name:
                return link
        raise Refused(errno.ENODEV)

    def _exists(self, name: str) -> bool:
        return any(link.name == name for link in self.links.values())

    def _new_index(self) -> int:
        self._last += 1
        return self._last

    def _families(self, link: Link) -> tuple[int, ...]:
        if link.attrs["external"]:
            return (4, 6)
        return (6,) if link.ifindex in self.six else (4,)

    # -- VXLAN devices: drivers/net/vxlan/vxlan_core.c -------------------------------------------

    def create(self, asked: Link, six: bool, private: bool = False) -> int:
        """RTM_NEWLINK with NLM_F_CREATE."""
        if self._exists(asked.name):
            raise Refused(errno.EEXIST)
        attrs = asked.attrs
        if attrs["gpe"] and (not attrs["external"] or attrs["learning"] or attrs["gbp"]):
            raise Refused(errno.EINVAL, "VXLAN GPE does not support this combination")
        if not 68 <= asked.mtu <= 65535:
            raise Refused(errno.EINVAL, "MTU must be between 68 and 65535")
        mtu = asked.mtu
        if asked.lower:
            mtu = min(mtu, self._ceiling(asked.lower, six))
        link = replace(
            asked,
            ifindex=self._new_index(),
            mtu=mtu,
            mac=asked.mac or f"0e:00:00:00:{self._last >> 8:02x}:{self._last & 255:02x}",
            alias="",
            flood=frozenset() if attrs["group"] is None else frozenset((attrs["group"],)),
        )
        self._check_addresses(link, six)
        if six:
            self.six.add(link.ifindex)
        self._check_vni(link)
        if link.up:
            self._open(link, private)
        self.links[link.ifindex] = link
        return link.ifindex

    def _ceiling(self, lower: int, six: bool) -> int:
        if lower not in self.links:
            raise Refused(errno.ENODEV, "Invalid local interface, device not found")
        return max(68, self.links[lower].mtu - (70 if six else 50))

    def _check_addresses(self, link: Link, six: bool) -> None:
        for name in ("group", "local_ip"):
            text = link.attrs[name]
            if text is None:
                continue
            parsed = ipaddress.ip_address(text)
            if (parsed.version == 6) != six:
                raise Refused(errno.EINVAL, "Local and remote address must be from the same family")
            if parsed.version == 6 and parsed.is_link_local and not link.lower:
                raise Refused(errno.EINVAL, "Local interface required for link-local addresses")
            if name == "group" and parsed.is_multicast and not link.lower:
                raise Refused(errno.EINVAL, "Local interface required for multicast")

    def _check_vni(self, link: Link) -> None:
        for other in self._others(link):
            same = all(other.attrs[key] == link.attrs[key] for key in ("vni", "dst_port"))
            flags = all(other.attrs[key] == link.attrs[key] for key in RECEIVE_FLAGS)
            if same and flags and (other.ifindex in self.six) == (link.ifindex in self.six):
                raise Refused(errno.EEXIST, "A VXLAN device with the specified VNI already exists")

    def _others(self, link: Link) -> list[Link]:
        return [
            other
            for other in self.links.values()
            if other.kind == "vxlan" and other.ifindex != link.ifindex
        ]

    def _open(self, link: Link, private: bool = False) -> None:
        """Bind or share the UDP sockets of a device that comes up."""
        for family in self._families(link):
            sharers = [
                other
                for other in self._others(link)
                if other.up
                and other.attrs["dst_port"] == link.attrs["dst_port"]
                and family in self._families(other)
            ]
            for other in sharers:
                flags = all(other.attrs[key] == link.attrs[key] for key in RECEIVE_FLAGS)
                if private or self._private(other) or not flags:
                    raise Refused(errno.EADDRINUSE)
            if not sharers and (family, link.attrs["dst_port"]) in self.held:
                raise Refused(errno.EADDRINUSE)

    def _private(self, link: Link) -> bool:
        """A device of the legacy vport class does not share its socket."""
        vports = (vport for found in self.datapaths.values() for vport in found.vports)
        return any(v.type == TYPE_VXLAN and v.ifindex == link.ifindex for v in vports)

    def change_vxlan(self, name: str, asked: Mapping[str, Any], six: set[str]) -> None:
        """RTM_NEWLINK with linkinfo; ``six`` names the addresses that came as IPv6."""
        link = self.link(name)
        for key, value in asked.items():
            if not ATTRIBUTES[key].in_place and not (key == "vni" and value == link.attrs["vni"]):
                raise Refused(errno.EOPNOTSUPP, f"Cannot change {key}")
            if ATTRIBUTES[key].wire == "ip" and (key in six) != (link.ifindex in self.six):
                raise Refused(errno.EOPNOTSUPP, "New address family does not match old")
        flood = link.flood
        if "group" in asked:
            flood = (flood - {link.attrs["group"]}) | ({asked["group"]} - {None})
        self.links[link.ifindex] = replace(link, attrs={**link.attrs, **asked}, flood=flood)

    def set_link(self, name: str, asked: Mapping[str, Any]) -> None:
        """RTM_NEWLINK without linkinfo: one after the other, what was done stays done."""
        for key, value in asked.items():
            link = self.link(name)
            vxlan = link.kind == "vxlan"
            if key == "mtu":
                least = 68
                most = 65535
                if vxlan and link.lower:
                    most = self._ceiling(link.lower, link.ifindex in self.six)
                if not least <= value <= most:
                    raise Refused(errno.EINVAL, "mtu out of range")
                if value < 1280:
                    kept = (text for text in self.addresses.get(link.ifindex, ()) if "." in text)
                    self.addresses[link.ifindex] = tuple(kept)
            if key == "up" and value and not link.up and vxlan:
                self._open(link, self._private(link))
            self.links[link.ifindex] = replace(link, **{key: value})

    def delete(self, ifindex: int) -> None:
        """RTM_DELLINK; a device on top of it goes with it."""
        link = self.links.get(ifindex)
        if link is None:
            raise Refused(errno.ENODEV)
        if link.kind == "openvswitch":
            raise Refused(errno.EOPNOTSUPP)
        self._unlink(ifindex)
        self._forget(ifindex)
        for other in list(self.links.values()):
            if other.kind == "vxlan" and other.lower == ifindex:
                self.delete(other.ifindex)

    def _forget(self, ifindex: int) -> None:
        self.links.pop(ifindex, None)
        self.addresses.pop(ifindex, None)
        self.six.discard(ifindex)

    def flood(self, ifindex: int, destination: str, add: bool) -> None:
        """An all-zero FDB entry: append, or delete."""
        link = self.links.get(ifindex)
        if link is None:
            raise Refused(errno.ENODEV)
        if (ipaddress.ip_address(destination).version == 6) != (ifindex in self.six):
            raise Refused(errno.EAFNOSUPPORT)
        if not add and not link.flood:
            raise Refused(errno.ENOENT)
        flood = link.flood | {destination} if add else link.flood - {destination}
        self.links[ifindex] = replace(link, flood=flood)

    def _unlink(self, ifindex: int) -> None:
        """Take a device out of its datapath, and only there is it known as a port."""
        for name, found in self.datapaths.items():
            kept = tuple(vport for vport in found.vports if vport.ifindex != ifindex)
            if len(kept) != len(found.vports):
                self.datapaths[name] = replace(found, vports=kept)
                self.links[ifindex] = replace(
                    self.links[ifindex], master=0, slave_kind="", promiscuity=0
                )


def _six(link: Link) -> bool:
    if link.kind != "vxlan":
        return False
    known = [link.attrs["local_ip"], link.attrs["group"], *link.flood]
    return any(":" in text for text in known if text is not None)
