# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model kernel behind netlink: requests as bytes in, answers out.

The real executor and the real pipeline run on it; a run can be killed or failed at any message.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.pipeline import Outcome, run
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import decode
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.attributes import (
    ATTRIBUTES,
    GROUP6,
    LOCAL6,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import (
    DatapathSet,
    Observed,
    PortSet,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.plane import (
    DatapathPlane,
    PortPlane,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.reader import Reader
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.transport import Reply, Request
from tests.unit.kernel.link_rules import Refused
from tests.unit.kernel.rules import Rules

FAMILIES = {"ovs_datapath": 0x21, "ovs_vport": 0x22, "ovs_flow": 0x23}
CREATE, TTL_INHERIT = 0x400, 28
LINK_FIELDS = {4: "mtu", 1: "mac", 20: "alias", 27: "link_group"}


class Killed(BaseException):
    """The run is killed: nothing after this message reaches the kernel."""


class Machine:
    """A host with the model kernel.

    :param before: called with the number of each message before it is handled; it may change
        the rules' state as a rival would, or raise Refused or Killed.
    """

    def __init__(
        self, observed: Observed, before: Callable[[int], None] = lambda _number: None
    ) -> None:
        self.rules = Rules(observed)
        self.before = before
        self.messages = 0

    def apply(self, wanted: PortSet | DatapathSet, check_mode: bool = False) -> Outcome[Observed]:
        """Run a task on this host."""
        reader = cast("Reader", MachineReader(self))
        if isinstance(wanted, PortSet):
            return run(PortPlane(wanted, reader), check_mode=check_mode)
        return run(DatapathPlane(wanted, reader), check_mode=check_mode)

    def batch(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """Handle requests in order; each is answered, as by the kernel."""
        for request in requests:
            number = self.messages
            self.messages += 1
            try:
                self.before(number)
                body = self._generic(request) if request.generic else self._route(request)
            except Refused as refusal:
                yield Reply(refusal.code, refusal.text)
            else:
                yield Reply(0, "", (body,) if body else ())

    def _route(self, request: Request) -> bytes | None:
        body, rules = request.body, self.rules
        if request.type == 16:
            self._new_link(request)
        elif request.type == 17:
            rules.delete(decode.link(body).ifindex)
        elif request.type == 18:
            found = rules.link(decode.link(body).name)
            name = found.name.encode() + b"\0"
            header = struct.pack("=BBHiII", 0, 0, 0, found.ifindex, int(found.up), 0)
            return header + struct.pack("=HH", 4 + len(name), 3) + name
        elif request.type in (20, 21):
            entry = decode.address(body)
            assert entry is not None
            rules.address(entry[0], entry[1], request.type == 20)
        elif request.type in (28, 29):
            flood = decode.flood_entry(body)
            assert flood is not None
            rules.flood(*flood, request.type == 28)
        else:
            raise Refused(errno.EOPNOTSUPP)
        return None

    def _new_link(self, request: Request) -> None:
        body = request.body
        asked = decode.link(body)
        present = dict(decode.attributes(body, 16))
        data = dict(decode.attributes(dict(decode.attributes(present.get(18, b""))).get(2, b"")))
        if TTL_INHERIT in data:  # a flag in requests, a number in dumps
            asked = replace(asked, attrs={**asked.attrs, "ttl_inherit": True})
        if request.flags & CREATE:
            self.rules.create(asked, bool({GROUP6, LOCAL6} & set(data)))
        elif 18 in present:
            if 4 in present:
                raise Refused(errno.EOPNOTSUPP, "Cannot change mtu")
            numbers = {row.number: name for name, row in ATTRIBUTES.items()}
            numbers.update({GROUP6: "group", LOCAL6: "local_ip"})
            changed = {numbers[number]: asked.attrs[numbers[number]] for number in data}
            six = {numbers[number] for number in data if number in (GROUP6, LOCAL6)}
            self.rules.change_vxlan(asked.name, changed, six)
        else:
            fields = {name: getattr(asked, name) for n, name in LINK_FIELDS.items() if n in present}
            if struct.unpack_from("=I", body, 12)[0] & 1:
                fields["up"] = asked.up
            self.rules.set_link(asked.name, fields)

    def _generic(self, request: Request) -> bytes | None:
        command, _version, _reserved, dp = struct.unpack_from("=BBHi", request.body)
        found = dict(decode.attributes(request.body, 8))
        rules = self.rules
        what = (request.type, command)
        if what == (FAMILIES["ovs_datapath"], 1):
            asked = decode.datapath(request.body)
            rules.new_datapath(asked.name, struct.unpack("=I", found[2])[0], asked.features)
        elif what == (FAMILIES["ovs_datapath"], 2):
            rules.del_datapath(dp)
        elif what == (FAMILIES["ovs_vport"], 1):
            rules.new_vport(dp, decode.vport(request.body))
        elif what == (FAMILIES["ovs_vport"], 2):
            rules.del_vport(dp, struct.unpack("=I", found[1])[0])
        elif what == (FAMILIES["ovs_vport"], 4):
            port_no, upcall = (struct.unpack("=I", found[key][:4])[0] for key in (1, 5))
            rules.set_upcall(dp, port_no, upcall)
        else:
            self._flow(what, dp, request.body)
        return None

    def _flow(self, what: tuple[int, int], dp: int, body: bytes) -> None:
        flow, found = decode.flow(body), self.rules.dp(dp)
        if what == (FAMILIES["ovs_flow"], 1):
            if any(old.wildcard and old.in_port == flow.in_port for old in found.flows):
                raise Refused(errno.EEXIST)
            flows = (*found.flows, flow)
        elif what == (FAMILIES["ovs_flow"], 2):
            flows = tuple(old for old in found.flows if old.ufid != flow.ufid)
            if len(flows) == len(found.flows):
                raise Refused(errno.ENOENT)
        else:
            raise Refused(errno.EOPNOTSUPP)
        self.rules.datapaths[found.name] = replace(found, flows=flows)


class MachineReader:
    """Stands where the reader stands; both of its sockets lead to the machine."""

    def __init__(self, machine: Machine) -> None:
        self.route = self.generic = machine
        self._machine = machine

    def family(self, name: str) -> int:
        """Message type of a family."""
        return FAMILIES[name]

    def snapshot(self, flows: bool = False, statistics: bool = False) -> Observed:
        """What a reader would have read."""
        seen = self._machine.rules.snapshot()
        if statistics or flows:
            return seen
        bare = {name: replace(found, flows=()) for name, found in seen.datapaths.items()}
        return replace(seen, datapaths=bare)


def killed_at(number: int) -> Callable[[int], None]:
    """The run dies before message ``number``."""

    def kill(current: int) -> None:
        if current >= number:
            raise Killed

    return kill


def refused_at(number: int, code: int = errno.ENOMEM) -> Callable[[int], None]:
    """Message ``number`` is refused, once."""

    def refuse(current: int) -> None:
        if current == number:
            raise Refused(code)

    return refuse
