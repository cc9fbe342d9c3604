# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's side of the tunnels: what was read, and repairs, both by the kernel plane."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import ApplyError, EnvironmentProblem, TunnelMeshError
from ..core.steps import Step
from ..kernel import model as kernel_model
from ..kernel.attributes import DEFAULTS, EXTERNAL_MTU
from ..kernel.reader import Reader
from .drift import SYSTEM, problem
from .model import Device, Kernel, LocalPort

# OVS_DP_ATTR_PER_CPU_PIDS, or the feature bit that asks for it.
_PER_CPU = kernel_model.PER_CPU_DISPATCH


class HostReader(Reader):
    """A host whose bridges are all in userspace has no kernel datapaths, and no module for them."""

    def _datapaths(self, flows: bool) -> Iterable[kernel_model.Datapath]:
        try:
            yield from super()._datapaths(flows)
        except EnvironmentProblem:
            return


class KernelSide:
    """Reads and repairs the devices behind tunnels; keeps the last snapshot for repairs."""

    def __init__(self, rundir: str) -> None:
        self._rundir = rundir
        self._reader = HostReader()
        self._last = kernel_model.Observed()

    def close(self) -> None:
        """Close the netlink sockets."""
        self._reader.close()

    def read(
        self, needs: Mapping[int, frozenset[str]], bridges: Collection[str], userspace: bool
    ) -> Kernel:
        """The devices for the UDP ports in ``needs`` and the internal ports ``bridges``.

        :param needs: UDP port -> extensions of its tunnels, on system datapaths.
        :param userspace: ask ovs-vswitchd for the ports of the userspace datapath as well.
        """
        self._last = self._reader.snapshot()
        system = self._last.datapaths.get(SYSTEM)
        devices = {port: self._device(port) for port in needs}
        return Kernel(
            devices=devices,
            local={name: found for name in bridges if (found := self._local(name))},
            taken={
                name: link.kind
                for name in bridges
                if (link := self._last.link(name)) and not link.of_switch
            },
            clashes={
                port: clash
                for port, extensions in needs.items()
                if not devices[port].present and (clash := self._clash(port, extensions))
            },
            ipv6=_ipv6(),
            per_cpu=system is None or system.per_cpu or bool(system.features & _PER_CPU),
            userspace=self._listening() if userspace else None,
        )

    def _device(self, port: int) -> Device:
        link = self._last.link(Device(port).name)
        if link is None:
            return Device(port)
        owner = next(
            (
                (datapath.name, vport.port_no)
                for datapath, vport in self._last.vports()
                if vport.ifindex == link.ifindex
            ),
            (None, None),
        )
        matches = link.kind == "vxlan" and link.attrs["dst_port"] == port
        return Device(
            dst_port=port,
            present=True,
            up=link.up,
            datapath=owner[0],
            port_no=owner[1],
            external=matches and bool(link.attrs["external"]),
            extensions=frozenset(name for name in ("gbp", "gpe") if matches and link.attrs[name]),
            kind=link.kind,
            sockets=frozenset(
                family for family, number in self._last.udp if number == port and link.up
            ),
        )

    def _local(self, name: str) -> LocalPort | None:
        link = self._last.link(name)
        if link is None or not link.of_switch:
            return None
        return LocalPort(link.up, tuple(sorted(self._last.addresses.get(link.ifindex, ()))))

    def _clash(self, port: int, extensions: frozenset[str]) -> str | None:
        """Who stands in the way of a new device for ``port``."""
        from ..kernel import conflicts
        from ..kernel.diagnose import udp_holder

        wanted = state(port, extensions)
        for other in kernel_model.port_states(self._last).values():
            if conflicts.same_vni(wanted, other) or conflicts.same_socket(wanted, other):
                return conflicts.describe(other)
        if conflicts.check_udp(self._last, {wanted.name: wanted}, [wanted.name]):
            return udp_holder(port, wanted.name, self._last)
        return None

    def holder(self, port: int) -> str:
        """Who holds a UDP port now."""
        from ..kernel.diagnose import udp_holder

        self._last = self._reader.snapshot()
        return udp_holder(port, Device(port).name, self._last)

    def _listening(self) -> frozenset[int] | None:
        from . import daemon

        try:
            return daemon.listening(self._rundir)
        except TunnelMeshError:
            return None

    # -- changes -------------------------------------------------------------------------------

    def carry_out(self, steps: Sequence[Step], done: list[Step]) -> None:
        """Repair devices and set local ports; every step that took effect is added to ``done``."""
        from ..kernel import namespace
        from ..kernel.executor import Executor  # imports pyroute2: only when it is needed

        namespace.check_writer(False)
        executor = Executor(self._reader)
        for step in steps:
            self._last = self._reader.snapshot()
            carried: list[Step] = []
            jobs = self._jobs(step)
            try:
                for job in jobs:
                    executor.execute((job,), self._last, carried)
                    self._last = self._reader.snapshot()
            finally:
                if carried or not jobs:
                    done.append(step)

    def _jobs(self, step: Step) -> list[Step]:
        """One step in the words of the kernel plane, for the kernel as it is now.

        A device that has come right since the plan needs none: ovs-vswitchd has made it anew when
        it had to refuse its tunnels in between.
        """
        if step.kind == "bridge":
            return [self._local_job(step)]
        after: Device = step.args["after"]
        now = self._device(after.dst_port)
        found = problem(now, after.extensions)
        if found is None:
            return []
        up = {"changes": {"up": (False, True)}, "datapath": None}
        set_up = Step("change", step.name, step.why, args=up)
        if found[0] == "set up":
            return [set_up]
        link_args = {"datapath": SYSTEM, "port_no": self._number(step), "upcall_pid": 0}
        link = Step("link", step.name, step.why, args=link_args)
        if found[0] == "link":
            return [link] if now.up else [set_up, link]
        args = {"state": state(after.dst_port, after.extensions), "token": 0}
        create = Step("create", step.name, step.why, args=args)
        remove = Step("delete", step.name, step.why, args={"legacy": False})
        return [remove, create, link] if now.present else [create, link]

    def _number(self, step: Step) -> int:
        """The datapath port number that ovs-vswitchd has in mind for a device."""
        from . import daemon

        numbers = daemon.datapath_numbers(self._rundir)
        if step.args["tunnel"] not in numbers:
            raise ApplyError(
                f"{step.name} {step.why}; its port number in ovs-vswitchd is not known",
                culprit="command dpif/show on its control socket gave none",
                remedy="restart ovs-vswitchd, which makes its devices anew",
            )
        return numbers[step.args["tunnel"]]

    @staticmethod
    def _local_job(step: Step) -> Step:
        changes: dict[str, Any] = dict(step.changes)
        before = changes["address"][0] if "address" in changes else []
        args = {"changes": changes, "addresses": before}
        return Step("change", step.name, step.why, args=args, kind="datapath")


def state(port: int, extensions: frozenset[str]) -> kernel_model.PortState:
    """The device as ovs-vswitchd makes it: dpif_netlink_rtnl_vxlan_create(), OVS 3.1."""
    attrs = {
        **DEFAULTS,
        "dst_port": port,
        "external": True,
        "learning": False,
        "udp_zero_csum6_rx": True,
        "gbp": "gbp" in extensions,
        "gpe": "gpe" in extensions,
    }
    return kernel_model.PortState(Device(port).name, False, attrs, EXTERNAL_MTU)


def _ipv6() -> bool:
    """Some device besides the loopback has an IPv6 address, at least its link-local one."""
    try:
        lines = Path("/proc/self/net/if_inet6").read_text(encoding="ascii").split("\n")
    except OSError:
        return False  # no module ipv6
    return any(line.split()[5] != "lo" for line in lines if line)
