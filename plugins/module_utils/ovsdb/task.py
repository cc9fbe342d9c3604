# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of ``ovs_vxlan_tunnel``: parameters in, result out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core import result
from ..core.errors import ApplyError, EnvironmentProblem, InputError
from ..core.pipeline import Outcome, run
from . import view
from .desired import desired
from .kernelstate import KernelSide
from .model import Desired, Observed
from .plane import TunnelPlane
from .remote import Keys, Remote, parse

WAIT_MAX = 3600


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
    if params.get("netns"):
        from ..kernel import namespace

        namespace.enter_netns(params["netns"])
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
    """In check mode: what a run would fail for."""
    if not check_mode:
        return []
    try:
        if outcome.steps:
            # A warning, no error: an earlier task of the run may install it.
            plane.check_means(tuple(outcome.steps))
        else:
            plane.verify(outcome.before)
    except (ApplyError, EnvironmentProblem) as failure:
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
