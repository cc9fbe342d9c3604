# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The management plane behind the pipeline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.errors import ApplyError, EnvironmentProblem, TunnelMeshError
from ..core.record import replace
from ..core.steps import Plan, Step, describe
from . import options, plan_bridges, verify
from .database import CONNECT, Unconfirmed, wait_confirmed
from .jsonrpc import Connection, Deadline
from .kernelstate import KernelSide
from .model import Desired, Observed
from .plan import DATABASE, plan_all
from .reader import read
from .remote import Remote

if TYPE_CHECKING:  # what a run with nothing to do has no use for is imported where it is used
    from .executor import Executor

# Seconds that ovs-vswitchd may take to report the MTU of a local port.
SETTLE = 5.0
# Seconds until a difference in the kernel is believed: before a run, and after its transaction.
LAG_BEFORE, LAG_AFTER, LOOK_AGAIN = 0.3, 3.0, 0.05


class TunnelPlane:
    """A set of tunnels and bridges of one database."""

    def __init__(
        self, wanted: Desired, remote: Remote, kernel: KernelSide | None, wait: float, keep: bool
    ) -> None:
        self._wanted = wanted
        self._remote = remote
        self._kernel = kernel
        self._wait = wait
        self._keep = keep
        self._executor: Executor | None = None
        self._last = Observed()
        self._acted = False
        self._planned: tuple[Observed, bool, Plan] | None = None

    def read(self) -> Observed:
        """Take a snapshot of the database and the kernel, and remember it for the executor.

        :raises EnvironmentProblem: ovs-vswitchd has not carried out yet what the database says.
        """
        found = self._database()
        if found.cur_cfg < found.next_cfg and not self._acted:
            self._wait_for_earlier(found.next_cfg)
            found = self._database()
        self._last = self._look_twice(self._with_kernel(found))
        return self._last

    def _look_twice(self, found: Observed) -> Observed:
        """Look again at a kernel that differs: ovs-vswitchd may just be working on it.

        It removes and makes devices a moment after it has written cur_cfg (type_run() in
        ofproto/ofproto-dpif.c runs after bridge_run()).
        """
        end = time.monotonic() + (LAG_AFTER if self._acted else LAG_BEFORE)
        while self._drifted(found) and time.monotonic() < end:
            time.sleep(LOOK_AGAIN)
            found = self._with_kernel(self._database())
        return found

    def _drifted(self, found: Observed) -> bool:
        try:
            return any(step.kind == "device" for step in self.plan(found))
        except TunnelMeshError:
            return False

    def _database(self) -> Observed:
        with Connection(self._remote, Deadline(CONNECT)) as connection:
            return read(connection, self._wait)

    def _wait_for_earlier(self, target: int) -> None:
        """No conclusion can be drawn from a state that ovs-vswitchd is still working on."""
        try:
            wait_confirmed(self._remote, target, self._wait)
        except Unconfirmed as late:
            explained = self._explained(late)
            raise EnvironmentProblem(
                f"ovs-vswitchd has not carried out an earlier change of the database within "
                f"{self._wait:g} s; nothing was touched",
                culprit=explained.culprit,
                remedy=explained.remedy,
            ) from None

    def _explained(self, late: Unconfirmed) -> ApplyError:
        from . import daemon, diagnose

        found = daemon.look(self._remote.rundir) if self._remote.local else None
        return diagnose.unconfirmed(late, found)

    def _with_kernel(self, found: Observed) -> Observed:
        if self._kernel is None:
            return found
        needs: dict[int, frozenset[str]] = {}
        kinds = {name: bridge.datapath_type for name, bridge in found.bridges.items()}
        kinds.update(
            {
                spec.name: spec.columns["datapath_type"]
                for spec in self._wanted.bridges
                if "datapath_type" in spec.columns
            }
        )
        declared = [
            (one.bridge, one.columns["options"]) for one in self._wanted.tunnels if one.columns
        ]
        rows = [(row.bridge, row.options) for row in found.tunnels.values()]
        for bridge, column in declared + rows:
            if kinds.get(bridge, "system") == "system":
                needs.setdefault(options.dst_port(column), options.extensions(column))
        names = {spec.name for spec in self._wanted.bridges}
        names |= plan_bridges.devices(found, self._wanted.owner)
        userspace = any(kinds.get(bridge) == "netdev" for bridge, _column in declared)
        return replace(found, kernel=self._kernel.read(needs, names, userspace))

    def plan(self, observed: Observed) -> Plan:
        """The steps to what is declared; a refused tunnel is tried again once.

        The look for drift and the pipeline ask for the plan of the same snapshot.
        """
        retry = not self._acted
        if self._planned is None or self._planned[0] is not observed or self._planned[1] != retry:
            self._planned = (observed, retry, plan_all(self._wanted, observed, retry))
        return self._planned[2]

    def plan_back(self, before: Observed, observed: Observed, done: Sequence[Step]) -> Plan:
        """The steps back, for what ``done`` touched."""
        from . import predict

        return predict.plan_back(before, observed, done)

    def predict(self, observed: Observed, plan: Plan) -> Observed:
        """What ``observed`` becomes."""
        from . import predict

        return predict.predict(observed, plan)

    def execute(self, plan: Plan, done: list[Step]) -> None:
        """Carry out a plan that was made from the last snapshot.

        :raises EnvironmentProblem: it needs what this host lacks; nothing was touched.
        """
        from .executor import Executor

        self.check_means(plan)
        self._acted = True
        if self._executor is None:
            self._executor = Executor(self._remote, self._kernel, self._wait, self._keep)
        try:
            self._executor.execute(plan, self._last, done)
        except Unconfirmed as late:
            raise self._explained(late) from None
        self._settle()

    def check_means(self, plan: Plan) -> None:
        """Before the database is touched: what comes after it in the kernel can be carried out."""
        first = next(
            (step for step in plan if step.phase != DATABASE and step.op != "reload"), None
        )
        if first is None:
            return
        from ..kernel import namespace

        try:
            namespace.check_writer(False)
        except EnvironmentProblem as lack:
            kind = ApplyError if self._acted else EnvironmentProblem
            raise kind(
                f"{lack.cause}, and the task needs it: {describe(first)}, {first.why}",
                culprit=lack.culprit,
                remedy=lack.remedy,
            ) from None

    def _settle(self) -> None:
        """Wait until the column ``mtu`` follows, which ovs-vswitchd writes after ``cur_cfg``.

        Where a device refuses its MTU it never does: SETTLE seconds, then verify() says so.
        """
        end = time.monotonic() + SETTLE
        declared = any(spec.mtu is not None for spec in self._wanted.bridges)
        while declared and time.monotonic() < end:
            if not any(verify.other_mtus(self._database(), self._wanted.bridges)):
                return
            time.sleep(0.05)

    def verify(self, observed: Observed) -> None:
        """Every declared tunnel is accepted and has its kernel device."""
        names = [spec.name for spec in self._wanted.tunnels if spec.state == "present"]
        holder = self._kernel.holder if self._kernel else None
        verify.check(observed, names, self._wanted.bridges, holder)
