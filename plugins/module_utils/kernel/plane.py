# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel plane behind the pipeline, and what the modules call.

What only some runs need is imported where it is used: every file costs a run milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..core import result
from ..core.errors import ConflictError
from ..core.ownership import token
from ..core.pipeline import Outcome, run
from ..core.steps import Plan, Step
from . import namespace, runs, view
from .model import DatapathSet, DatapathSpec, Observed, PortSet, PortSpec, port_states
from .reader import Reader


class _Plane:
    """What ports and datapaths have in common."""

    def __init__(self, reader: Reader, flows: bool) -> None:
        self._reader = reader
        self._flows = flows
        self._last = Observed()

    def read(self) -> Observed:
        """Take a snapshot and remember it for the executor."""
        self._last = self._reader.snapshot(flows=self._flows)
        return self._last

    def predict(self, observed: Observed, plan: Plan) -> Observed:
        """What ``observed`` becomes."""
        from .predict import predict

        return predict(observed, plan)

    def execute(self, plan: Plan, done: list[Step]) -> None:
        """Carry out a plan that was made from the last snapshot."""
        from .executor import Executor  # imports pyroute2: only when there is something to do

        Executor(self._reader).execute(plan, self._last, done)

    def verify(self, observed: Observed) -> None:
        """Nothing beyond the plan: an empty plan is the proof, since it reads the kernel."""


class PortPlane(_Plane):
    """A set of VXLAN ports."""

    def __init__(self, wanted: PortSet, reader: Reader) -> None:
        super().__init__(reader, flows=False)
        self._wanted = wanted
        self._had: dict[str, tuple[str, int]] = {}

    def read(self) -> Observed:
        """Take a snapshot; the first one says which numbers the ports had."""
        observed = super().read()
        for name, state in port_states(observed).items():
            if state.datapath is not None and state.port_no is not None:
                self._had.setdefault(name, (state.datapath, state.port_no))
        return observed

    def plan(self, observed: Observed) -> Plan:
        """The steps to what is declared."""
        from .plan import plan_ports

        try:
            return plan_ports(self._wanted, observed, self._had)
        except ConflictError as error:
            from . import diagnose

            raise diagnose.explain_conflict(error, observed) from None

    def plan_back(self, before: Observed, observed: Observed, done: Sequence[Step]) -> Plan:
        """The steps back, for the ports that ``done`` touched."""
        from .undo import undo_ports

        names = [step.name for step in done]
        return undo_ports(before, observed, names, token(self._wanted.owner))


class DatapathPlane(_Plane):
    """A set of bare datapaths."""

    def __init__(self, wanted: DatapathSet, reader: Reader) -> None:
        super().__init__(reader, flows=True)
        self._wanted = wanted

    def plan(self, observed: Observed) -> Plan:
        """The steps to what is declared."""
        from .plan_datapath import plan_datapaths

        return plan_datapaths(self._wanted, observed)

    def plan_back(self, before: Observed, observed: Observed, done: Sequence[Step]) -> Plan:
        """The steps back, for the datapaths that ``done`` touched."""
        from .undo import undo_datapaths

        names = [step.name for step in done]
        return undo_datapaths(before, observed, names, token(self._wanted.owner))


def _apply(
    params: Mapping[str, Any],
    check_mode: bool,
    make: Callable[[Reader], Any],
    specs: Sequence[PortSpec | DatapathSpec],
) -> tuple[Outcome[Observed], list[str]]:
    """Enter the namespace, take the lock, run the pipeline."""
    namespace.enter_netns(params.get("netns"))
    warnings = namespace.check_writer(check_mode)
    reader = Reader()
    try:
        if check_mode:
            outcome: Outcome[Observed] = run(make(reader), check_mode=True)
        else:
            with namespace.Lock():
                changed: list[str] | None = None
                try:
                    outcome = run(make(reader), check_mode=False)
                    changed = [step.name for step in outcome.steps]
                finally:
                    if changed != []:
                        runs.tell(changed)
    finally:
        reader.close()
    lasting = any(spec.state == "present" for spec in specs)
    if lasting and outcome.steps and outcome.before.vswitchd:
        warnings.append(
            "ovs-vswitchd runs on this host: when it starts with a bridge, or makes its first "
            "one, it deletes every datapath that it did not make"
        )
    return outcome, warnings


def _known(params: Mapping[str, Any], check_mode: bool) -> Mapping[str, Any]:
    """Only a dry run may take things for granted that are not there yet."""
    return params if check_mode else {**params, "check_mode_assume": None}


def _live(outcome: Outcome[Observed], check_mode: bool) -> Observed:
    return outcome.before if check_mode else outcome.after


def apply_ports(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The job of ``ovs_vxlan_port``. Raises TunnelMeshError."""
    from .desired import port_set

    wanted = port_set(_known(params, check_mode))
    outcome, warnings = _apply(
        params, check_mode, lambda reader: PortPlane(wanted, reader), wanted.specs
    )
    names = [spec.name for spec in wanted.specs]
    return result.build(
        outcome.steps,
        view.ports(outcome.before),
        view.ports(outcome.after),
        "ports",
        view.live_ports(_live(outcome, check_mode), names),
        warnings,
    )


def apply_datapaths(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The job of ``ovs_datapath``. Raises TunnelMeshError."""
    from .desired_datapath import datapath_set

    wanted = datapath_set(_known(params, check_mode))
    outcome, warnings = _apply(
        params, check_mode, lambda reader: DatapathPlane(wanted, reader), wanted.specs
    )
    live = view.datapaths(_live(outcome, check_mode))
    return result.build(
        outcome.steps,
        view.datapaths(outcome.before),
        view.datapaths(outcome.after),
        "datapaths",
        [{"name": spec.name, **live.get(spec.name, {"state": "absent"})} for spec in wanted.specs],
        warnings,
    )
