# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries steps out: the only place of this plane that changes the system."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from itertools import groupby

from ..core.errors import ApplyError, LostRace, TunnelMeshError
from ..core.steps import Plan, Step
from . import decode, diagnose, encode
from .attributes import ATTRIBUTES
from .model import Observed, PortState, port_states
from .reader import Reader
from .transport import Reply, Request

Job = tuple[Step, Request]


class Executor:
    """Executes plans against the snapshot that they were made from."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ifindex: dict[str, int] = {}
        self._datapath: dict[str, int] = {}
        self._ports: dict[str, PortState] = {}
        self._done: list[Step] = []

    def execute(self, plan: Plan, observed: Observed, done: list[Step]) -> None:
        """Carry out ``plan``, phase by phase; every step that took effect is added to ``done``.

        :raises LostRace: a name, number or device changed hands since ``observed``.
        :raises ApplyError: the kernel refused a step; what was done before stays done.
        """
        self._ifindex = {link.name: link.ifindex for link in observed.links.values()}
        self._datapath = {name: found.ifindex for name, found in observed.datapaths.items()}
        self._ports = port_states(observed)
        self._done = done
        for _phase, group in groupby(plan, key=lambda step: step.phase):
            steps = list(group)
            self._send([job for step in steps for job in self._jobs(step)])
            created = [step for step in steps if step.op == "create"]
            if created:
                self._finish(created)

    def _jobs(self, step: Step) -> list[Job]:
        requests = getattr(self, f"_{step.kind}_{step.op}")(step)
        return [(step, request) for request in requests]

    def _send(self, jobs: Sequence[Job]) -> list[Reply]:
        """Send all jobs in order; raise for the first one that is refused."""
        replies: list[Reply] = []
        known = {id(step) for step in self._done}
        for generic, group in groupby(jobs, key=lambda job: job[1].generic):
            chosen = list(group)
            netlink = self._reader.generic if generic else self._reader.route
            try:
                answers = list(netlink.batch([request for _step, request in chosen]))
            except ApplyError:
                # The answers are lost, so the kernel may have done any of it: undo looks at all.
                self._done += {id(step): step for step, _request in chosen}.values()
                raise
            refused = None
            for (step, _request), reply in zip(chosen, answers):
                if reply.errno:
                    refused = refused or (step, reply)
                elif id(step) not in known:
                    known.add(id(step))
                    self._done.append(step)
            if refused is not None:
                raise diagnose.failure(*refused, self._look_again())
            replies += answers
        return replies

    def _look_again(self) -> Observed:
        """What the culprit of a refusal is searched in; empty where the kernel does not answer."""
        try:
            return self._reader.snapshot()
        except TunnelMeshError:
            return Observed()

    def _finish(self, created: Sequence[Step]) -> None:
        """Learn the ifindex of what was created, then mark it and fill its flood list."""
        queries = [(step, encode.get_link(step.name)) for step in created]
        for (step, _request), reply in zip(queries, self._send(queries)):
            if not reply.bodies:
                raise LostRace(f"{step.name} vanished while it was set up", errno=errno.ENODEV)
            self._ifindex[step.name] = decode.link(reply.bodies[0]).ifindex
        jobs: list[Job] = []
        for step in created:
            requests = getattr(self, f"_{step.kind}_mark")(step)
            jobs += [(step, request) for request in requests]
        self._send(jobs)

    def _dp(self, name: str) -> int:
        if name not in self._datapath:
            raise LostRace(f"datapath {name} is gone", errno=errno.ENODEV)
        return self._datapath[name]

    def _index(self, name: str) -> int:
        if name not in self._ifindex:
            raise LostRace(f"device {name} is gone", errno=errno.ENODEV)
        return self._ifindex[name]

    # -- ports ---------------------------------------------------------------------------------

    def _port_create(self, step: Step) -> list[Request]:
        state: PortState = step.args["state"]
        if state.legacy:
            family = self._reader.family("ovs_vport")
            dp = self._dp(state.datapath or "")
            return [encode.new_vxlan_vport(family, dp, state, step.args["token"])]
        lower = self._index(state.lower) if state.lower else 0
        return [encode.new_link(state, lower, step.args["token"])]

    def _port_mark(self, step: Step) -> list[Request]:
        """The flood list, then the alias, and in the same message the end of the token.

        Without flood list nothing may tell the address family: until then the token has to.
        """
        state: PortState = step.args["state"]
        changes = {"alias": state.alias, "link_group": state.link_group}
        if state.legacy:
            changes["mtu"] = state.mtu
            if state.mac:
                changes["mac"] = state.mac
        index = self._index(step.name)
        requests = [encode.flood(index, remote, True) for remote in sorted(state.flood or ())]
        requests.append(encode.set_link(step.name, changes))
        if state.legacy:
            family, dp = self._reader.family("ovs_vport"), self._dp(state.datapath or "")
            requests.append(encode.set_upcall(family, dp, state.port_no or 0, state.upcall_pid))
        return requests

    def _port_link(self, step: Step) -> list[Request]:
        family, dp = self._reader.family("ovs_vport"), self._dp(step.args["datapath"])
        port_no, upcall = step.args["port_no"], step.args["upcall_pid"]
        return [encode.link_vport(family, dp, step.name, port_no, upcall)]

    def _port_detach(self, step: Step) -> list[Request]:
        family, dp = self._reader.family("ovs_vport"), self._dp(step.args["datapath"])
        return [encode.del_vport(family, dp, step.args["port_no"])]

    def _port_delete(self, step: Step) -> list[Request]:
        if step.args["legacy"]:
            return self._port_detach(step)
        return [encode.del_link(self._index(step.name))]

    def _port_change(self, step: Step) -> list[Request]:
        fields = {name: after for name, (_before, after) in step.args["changes"].items()}
        vxlan = {name: fields.pop(name) for name in list(fields) if name in ATTRIBUTES}
        remotes = fields.pop("remotes", None)
        upcall = fields.pop("upcall_pid", None)
        requests = []
        if vxlan:
            family = self._ports[step.name].family
            requests.append(encode.change_vxlan(step.name, vxlan, family))
        now = self._ports[step.name].flood or frozenset()
        if "group" in vxlan:  # its flood entry moves with it: vxlan_changelink()
            remotes = now if remotes is None else remotes
            now = (now - {step.args["changes"]["group"][0]}) | ({vxlan["group"]} - {None})
        if remotes is not None:
            index, wanted = self._index(step.name), frozenset(remotes)
            requests += [encode.flood(index, remote, False) for remote in sorted(now - wanted)]
            requests += [encode.flood(index, remote, True) for remote in sorted(wanted - now)]
        if fields:  # with them the token of a killed run goes: see _port_mark
            requests.append(encode.set_link(step.name, fields))
        if upcall is not None and step.args["datapath"]:
            family_id, dp = self._reader.family("ovs_vport"), self._dp(step.args["datapath"])
            requests.append(encode.set_upcall(family_id, dp, step.args["port_no"], upcall))
        return requests

    # -- datapaths -----------------------------------------------------------------------------

    def _datapath_create(self, step: Step) -> list[Request]:
        family = self._reader.family("ovs_datapath")
        return [encode.new_datapath(family, step.name, step.args["token"])]

    def _datapath_mark(self, step: Step) -> list[Request]:
        """The local device has the datapath's name, and its ifindex names the datapath."""
        self._datapath[step.name] = self._index(step.name)
        return [encode.set_link(step.name, {"alias": step.args["alias"]}), self._upcall(step, 0)]

    def _upcall(self, step: Step, upcall_pid: int) -> Request:
        family = self._reader.family("ovs_vport")
        return encode.set_upcall(family, self._dp(step.name), 0, upcall_pid)

    def _datapath_delete(self, step: Step) -> list[Request]:
        return [encode.del_datapath(self._reader.family("ovs_datapath"), self._dp(step.name))]

    def _datapath_change(self, step: Step) -> list[Request]:
        fields = {name: after for name, (_before, after) in step.args["changes"].items()}
        upcall = fields.pop("upcall_pid", None)
        index = self._index(step.name)
        requests = []
        addresses = fields.pop("address", None)
        if fields:
            requests.append(encode.set_link(step.name, fields))
        if upcall is not None:  # the token goes when the mark is there: never without either
            requests.append(self._upcall(step, upcall))
        if addresses is not None:
            now = step.args["addresses"]
            # The last first: the first of a network takes the others along (promote_secondaries).
            gone = [text for text in reversed(now) if text not in addresses]
            requests += [encode.address(index, text, False) for text in gone]
            nodad = bool(step.args.get("nodad"))
            requests += [
                encode.address(index, text, True, nodad) for text in sorted({*addresses} - {*now})
            ]
        return requests

    def _datapath_connect(self, step: Step) -> list[Request]:
        family, dp = self._reader.family("ovs_flow"), self._dp(step.name)
        return [encode.new_flow(family, dp, *flow) for flow in step.args["flows"]]

    def _datapath_disconnect(self, step: Step) -> list[Request]:
        family, dp = self._reader.family("ovs_flow"), self._dp(step.name)
        return [encode.del_flow(family, dp, flow[2]) for flow in step.args["flows"]]
