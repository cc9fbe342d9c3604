# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The management plane behind the pipeline, and what the module calls."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core import result
from ..core.errors import ApplyError, EnvironmentProblem, InputError, TunnelMeshError
from ..core.pipeline import Outcome, run
from ..core.steps import Plan, Step
from ..kernel import namespace
from . import daemon, diagnose, options, predict, verify, view
from .database import Unconfirmed, wait_confirmed
from .desired import desired
from .executor import CONNECT, Executor
from .jsonrpc import Connection, Deadline
from .kernelstate import KernelSide
from .model import Desired, Observed
from .plan import plan_all
from .reader import read
from .remote import Keys, Remote, parse

WAIT_MAX = 3600
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
        self._executor = Executor(remote, kernel, wait, keep)
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
            explained = diagnose.unconfirmed(late, self._daemon())
            raise EnvironmentProblem(
                f"ovs-vswitchd has not carried out an earlier change of the database within "
                f"{self._wait:g} s; nothing was touched",
                culprit=explained.culprit,
                remedy=explained.remedy,
            ) from None

    def _daemon(self) -> daemon.Vswitchd | None:
        return daemon.look(self._remote.rundir) if self._remote.local else None

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
        names = [spec.name for spec in self._wanted.bridges]
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
        return predict.plan_back(before, observed, done)

    def predict(self, observed: Observed, plan: Plan) -> Observed:
        """What ``observed`` becomes."""
        return predict.predict(observed, plan)

    def execute(self, plan: Plan, done: list[Step]) -> None:
        """Carry out a plan that was made from the last snapshot."""
        self._acted = True
        try:
            self._executor.execute(plan, self._last, done)
        except Unconfirmed as late:
            raise diagnose.unconfirmed(late, self._daemon()) from None
        self._settle()

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


def _kernel_side(params: Mapping[str, Any], wanted: Desired, remote: Remote) -> KernelSide | None:
    """The kernel of this host, where the database is of this host too."""
    asked = params.get("verify_kernel")
    if asked and not remote.local:
        raise InputError(
            f"verify_kernel needs a database on this host, and {remote} is elsewhere",
            remedy="run the task on the host that has the tunnels, or set verify_kernel to false",
        )
    if asked is False or not remote.local:
        local = next(
            (s for s in wanted.bridges if s.addresses is not None or s.up is not None), None
        )
        if local is not None:
            raise InputError(
                f"{local.where}: address and up are set in the kernel of this host, which is not "
                "looked at",
                remedy="leave them out, or run the task on the host of the bridge with the kernel "
                "verified",
            )
        return None
    return KernelSide(remote.rundir)


def apply(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The job of ``ovs_vxlan_tunnel``. Raises TunnelMeshError."""
    wanted = desired(params)
    wait = params["wait_timeout"]
    if not 1 <= wait <= WAIT_MAX:
        raise InputError(
            f"wait_timeout {wait} is out of range", remedy=f"use 1 to {WAIT_MAX} seconds"
        )
    keys = Keys(
        params.get("database_private_key"),
        params.get("database_certificate"),
        params.get("database_ca_cert"),
    )
    remote = parse(params["database"], keys)
    namespace.enter_netns(params.get("netns"))
    kernel = _kernel_side(params, wanted, remote)
    keep = bool(params["rollback"])
    plane = TunnelPlane(wanted, remote, kernel, float(wait), keep)
    try:
        outcome = run(plane, check_mode=check_mode, rollback=keep)
        warnings = _warnings(plane, outcome, check_mode)
        if kernel is None and params.get("verify_kernel") is None:
            warnings.append(f"the kernel behind {remote} is not on this host and was not looked at")
        return _result(outcome, wanted, check_mode, warnings)
    finally:
        if kernel is not None:
            kernel.close()


def _warnings(plane: TunnelPlane, outcome: Outcome[Observed], check_mode: bool) -> list[str]:
    """In check mode: what a run would fail for, although there is nothing to change."""
    if check_mode and not outcome.steps:
        try:
            plane.verify(outcome.before)
        except ApplyError as failure:
            return [f"a run would fail: {failure.message}"]
    return []


def _result(
    outcome: Outcome[Observed], wanted: Desired, check_mode: bool, warnings: list[str]
) -> dict[str, Any]:
    live = outcome.before if check_mode else outcome.after
    before = after = view.everything(outcome.before)
    if outcome.after is not outcome.before:
        after = view.everything(outcome.after, since=outcome.before)
    built = result.build(
        outcome.steps,
        before,
        after,
        "tunnels",
        view.live_tunnels(live, [spec.name for spec in wanted.tunnels]),
        warnings,
    )
    built["bridges"] = view.live_bridges(live, [spec.name for spec in wanted.bridges])
    return built
