# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access ports as a plane of the common pipeline, and the job of the module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core import pipeline, result
from ..core.errors import ApplyError
from ..core.ownership import check_owner
from ..core.steps import Plan, Step
from ..kernel import namespace
from ..ovsdb.daemon import look
from ..ovsdb.database import Unconfirmed
from ..ovsdb.diagnose import unconfirmed
from ..ovsdb.remote import Remote, parse
from . import database, devices
from . import plan as planning
from .desired import desired
from .model import Observed, Port, Spec


@dataclass
class AccessPlane:
    """What the pipeline asks for."""

    specs: Sequence[Spec]
    owner: str
    purge: bool
    assume: frozenset[str]
    remote: Remote

    def read(self) -> Observed:
        """The database, and what the kernel shows of its ports."""
        found = database.read(self.remote)
        live, taken = devices.read()
        ports = {
            name: replace(port, mtu=seen.mtu, up=seen.up, addresses=seen.addresses)
            if (seen := live.get(name))
            else port
            for name, port in found.ports.items()
        }
        return replace(found, ports=ports, taken=taken)

    def plan(self, observed: Observed) -> Plan:
        """See plan.py."""
        return planning.plan(self.specs, observed, self.owner, self.purge, self.assume)

    def plan_back(self, before: Observed, observed: Observed, done: Sequence[Step]) -> Plan:
        """See plan.py."""
        return planning.plan_back(before, observed, done, self.owner)

    def predict(self, observed: Observed, plan: Plan) -> Observed:
        """See plan.py."""
        return planning.predict(observed, plan)

    def execute(self, plan: Plan, done: list[Step]) -> None:
        """The database first, then the devices that ovs-vswitchd made of it."""
        if any(step.op != "delete" for step in plan):
            namespace.check_writer(False)
        try:
            database.commit(self.remote, plan, database.read(self.remote), done)
        except Unconfirmed as late:
            raise unconfirmed(late, look(self.remote.rundir)) from None
        for step in plan:
            if step.op != "delete":
                devices.bring(step.args["spec"])

    def verify(self, observed: Observed) -> None:
        """Every declared port is accepted and has its device."""
        declared = [observed.ports[spec.name] for spec in self.specs if spec.present]
        for port in declared:
            if port.error:
                raise ApplyError(
                    f"ovs-vswitchd refused port {port.name}: {port.error}",
                    remedy="choose another name, or remove what stands in the way",
                )
        missing = [port.name for port in declared if port.mtu is None]
        if missing:
            raise ApplyError(
                f"ovs-vswitchd made no device for {', '.join(missing)}",
                remedy="look into the log of ovs-vswitchd",
            )


def apply(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The job of ``ovs_access_port``. Raises TunnelMeshError."""
    specs = desired(params)
    assume = frozenset(params["check_mode_assume"]) if check_mode else frozenset()
    namespace.enter_netns(params.get("netns"))
    owner = check_owner(params["owner"])
    remote = parse(params["database"])
    plane = AccessPlane(specs, owner, params["purge"], assume, remote)
    outcome = pipeline.run(plane, check_mode=check_mode)
    names = [spec.name for spec in specs] + [step.name for step in outcome.steps]
    before, after = (
        {name: _compared(seen.ports[name]) for name in names if name in seen.ports}
        for seen in (outcome.before, outcome.after)
    )
    live = outcome.before if check_mode else outcome.after
    return result.build(
        outcome.steps,
        before,
        after,
        "ports",
        [live.ports[spec.name].shown() for spec in specs if spec.name in live.ports],
    )


def _compared(port: Port) -> dict[str, Any]:
    """What ``diff`` shows of a port.

    Where nobody has asked for an MTU ovs-vswitchd chooses it, and changes it with other ports of
    the bridge (update_mtu_ofproto(), ofproto/ofproto.c).
    """
    shown = port.shown()
    if port.requested_mtu is None:
        del shown["mtu"]
    return shown
