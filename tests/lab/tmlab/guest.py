"""One guest: a User-Mode Linux kernel running as processes of this machine."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cpus, processes, xstate
from .addresses import Host
from .namespace import Namespace
from .paths import MACHINE_FILES
from .settings import Settings


@dataclass(frozen=True)
class Guest:
    """A host of a lab, its files under state/hosts/<name>, and its processes."""

    host: Host
    state: Path
    namespace: Namespace

    @property
    def folder(self) -> Path:
        """Where its disk and its console log are."""
        return self.state / "hosts" / self.host.name

    @property
    def console(self) -> Path:
        """What its kernel printed."""
        return self.folder / "console.log"

    def pids(self) -> list[int]:
        """Its processes: the kernel, its helper threads and one per address space."""
        return processes.with_argument(f"umid={self.host.name}", f"tmlab_state={self.state}")

    def start(self, settings: Settings, public_key: str) -> None:
        """Power on. The disk is a copy-on-write overlay that is made at the first start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [*self.namespace.enter(), str(MACHINE_FILES / "uml-start")]
        command += self._kernel_arguments(settings, public_key)
        with self.console.open("ab") as log, cpus.chosen() as processors:
            # setsid --fork: the guest must outlive us and not be our child to reap.
            subprocess.run(
                ["setsid", "--fork", *cpus.bind(processors), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.state,
                env={**os.environ, **xstate.environment()},
                check=True,
            )

    def power_off(self) -> None:
        """Pull the plug."""
        processes.kill(self.pids)

    def console_tail(self, lines: int = 15) -> str:
        """The last lines that its kernel printed, for error messages."""
        if not self.console.exists():
            return ""
        return "\n".join(self.console.read_text(errors="replace").splitlines()[-lines:])

    def _kernel_arguments(self, settings: Settings, public_key: str) -> list[str]:
        host = self.host
        return [
            f"umid={host.name}",
            "uml_dir=uml",  # relative: the socket in it must stay short
            f"mem={settings.memory}M",
            f"ubd0=hosts/{host.name}/disk.cow,{settings.image}",
            "root=/dev/ubda",
            "rootfstype=ext4",
            "rw",
            "init=/usr/sbin/lab-init",
            self._interface(0, host.management_tap, 1500),
            self._interface(1, host.name, settings.mtu),
            "con=null",
            "con0=null,fd:1",
            "quiet",
            "selinux=0",
            # Benchmarks of RAID checksums: almost a second of CPU in every boot.
            "initcall_blacklist=raid6_select_algo,calibrate_xor_blocks",
            f"tmlab_state={self.state}",
            f"tmlab_host={host.name}",
            f"tmlab_mgmt={host.management}/24",
            f"tmlab_underlay={host.underlay_prefix(settings.underlay)}",
            f"tmlab_key={public_key}",
        ]

    def _interface(self, number: int, tap: str, mtu: int) -> str:
        options = f"transport=tap,ifname={tap},depth=64,gro=1,mtu={mtu},mac={self.host.mac(number)}"
        return f"vec{number}:{options}"
