"""A lab as one object: what the command line and the tests call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import inventory, settings, teardown
from .addresses import Host, parse_host
from .boot import Booter
from .capture import Capture
from .errors import LabError
from .guest import Guest
from .namespace import UNDERLAY, Namespace
from .paths import labs_dir, locked, state_dir
from .prerequisites import ensure, extend_path, require_root
from .progress import Progress
from .rootfs import ensure as ensure_rootfs
from .settings import Settings
from .shell import Result, failure_text
from .ssh import Ssh

BOOT_DEADLINE = 240.0
SSH_FAILED = 255  # ssh's exit code when it could not run the command at all


class Lab:
    """The lab called name; it need not be up. Hosts are named vtep1, vtep2, ..."""

    def __init__(self, name: str = "lab", *, quiet: bool = False) -> None:
        """Raise LabError for a bad name."""
        extend_path()
        self.name = name
        self.state = state_dir(name)
        self.namespace = Namespace(name, self.state)
        self.ssh_settings = Ssh(self.state, self.namespace)
        self.progress = Progress(quiet)

    # -- what it is

    @property
    def settings(self) -> Settings:
        """What the lab was asked to be. Raises LabError when it is not up."""
        found = settings.load(self._settings_file)
        if found is None:
            raise LabError(f"lab {self.name!r} is not up: run `lab up --name {self.name}` first")
        return found

    @property
    def hosts(self) -> list[str]:
        """Names of the hosts."""
        return [host.name for host in self.settings.all_hosts()]

    def host(self, name: str) -> Host:
        """A host's addresses. Raises LabError when the lab has no such host."""
        host, count = parse_host(name), self.settings.hosts
        if host.number > count:
            raise LabError(f"lab {self.name!r} has no {name}: it has vtep1 to vtep{count}")
        return host

    def guest(self, name: str) -> Guest:
        """A host's machine."""
        return Guest(self.host(name), self.state, self.namespace)

    def inventory(self, dynamic: bool = False) -> dict[str, Any]:
        """The Ansible inventory, as a file's or as a script's data."""
        shape = inventory.dynamic if dynamic else inventory.static
        now = self.settings
        return shape(now.all_hosts(), now.underlay, self.ssh_settings.options())

    # -- power

    def up(
        self,
        hosts: int | None = None,
        *,
        underlay: str | None = None,
        mtu: int | None = None,
        memory: int | None = None,
    ) -> None:
        """Boot what is not running; what is not given stays, or is 3 hosts, ipv4, 1500, 384.

        hosts: how many, more than before adds; mtu in bytes; memory in MiB per host. Raises
        LabError, among others when a running lab has another underlay or MTU.
        """
        ensure(self.progress)
        image = ensure_rootfs(self.progress)
        with self._locked():
            wanted = self._wanted(image, hosts=hosts, underlay=underlay, mtu=mtu, memory=memory)
            self.namespace.require_mine()
            Booter(self.state, self.namespace, self.ssh_settings, self.progress).boot(
                wanted, self._settings_file, BOOT_DEADLINE
            )

    def down(self) -> bool:
        """Power everything off and forget it; False when there was nothing."""
        require_root()
        with self._locked():
            self.namespace.require_mine()
            return teardown.remove(self.state, self.namespace)

    def reboot(self, name: str) -> float:
        """Reboot a host cleanly and wait until SSH is back; returns the seconds it took."""
        return self._booter().reboot(self.guest(name), self.settings, BOOT_DEADLINE)

    def kill(self, name: str) -> None:
        """Pull a host's plug. Its disk survives."""
        guest = self.guest(name)
        self.ssh_settings.disconnect(guest.host)
        guest.power_off()

    def start(self, name: str) -> None:
        """Power a host on again and wait until SSH is back."""
        self._booter().start([self.guest(name)], self.settings, BOOT_DEADLINE)

    # -- work on hosts

    def ssh(
        self,
        host: str,
        remote: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float | None = 120.0,
        stdin: str | None = None,
    ) -> Result:
        """Run a shell script (str) or a program (sequence) as root on a host.

        timeout is in seconds. Raises LabError on a timeout and, with check, on a non-zero exit.
        """
        target = self.host(host)
        done = self.ssh_settings.run(target, remote, check=False, timeout=timeout, stdin=stdin)
        if done.rc == SSH_FAILED:
            self.require_on(host)
        if check and done.rc != 0:
            raise LabError(f"{host}: {failure_text(done)}")
        return done

    def require_on(self, host: str) -> None:
        """Raise LabError when a host has no power."""
        if not self.guest(host).pids():
            raise LabError(f"{host} is off: run `lab start {host} --name {self.name}`")

    def push(self, host: str, local: Path | str, remote: str) -> None:
        """Copy a file or a folder to a host."""
        self.ssh_settings.push(self.host(host), Path(local), remote)

    def pull(self, host: str, remote: str, local: Path | str) -> None:
        """Copy a file or a folder from a host."""
        self.ssh_settings.pull(self.host(host), remote, Path(local))

    # -- the underlay

    def link(self, name: str, state: str) -> None:
        """Cut (`down`) or mend (`up`) a host's underlay link; `up` also ends delay and loss."""
        host = self.host(name)
        if state not in ("up", "down"):
            raise LabError(f"link state {state!r}: must be up or down")
        with self._locked():
            if state == "up":
                self._shape(host, self.settings.without_link(host))
            self.namespace.set_up(host, state == "up")

    def impair(self, name: str, *, delay: float | None = None, loss: float | None = None) -> None:
        """Delay (ms, 0 to 60000) or lose (percent, 0 to 100) frames in one direction; 0 ends it."""
        host = self.host(name)
        given = {k: v for k, v in (("delay", delay), ("loss", loss)) if v is not None}
        for what, limit in (("delay", 60000), ("loss", 100)):
            if not 0 <= given.get(what, 0) <= limit:
                raise LabError(f"{what} {given[what]:g}: must be 0 to {limit}")
        with self._locked():
            self._shape(host, self.settings.with_link(host, **given))

    def capture(self, where: str, file: Path | str, arguments: Sequence[str] = ()) -> Capture:
        """Start tcpdump on the underlay bridge (`underlay`) or on a host's tap (its name)."""
        return Capture(self.namespace, self.capture_device(where), Path(file), arguments)

    def capture_device(self, where: str) -> str:
        """The device of the namespace that `underlay` or a host's name stands for."""
        if where == UNDERLAY:
            _ = self.settings  # says so when the lab is not up
            return UNDERLAY
        return self.host(where).name

    # -- inside

    @property
    def _settings_file(self) -> Path:
        return self.state / "lab.json"

    def _locked(self) -> Any:
        return locked(labs_dir() / f".{self.name}.lock")

    def _booter(self) -> Booter:
        require_root()
        return Booter(self.state, self.namespace, self.ssh_settings, self.progress)

    def _shape(self, host: Host, wanted: Settings) -> None:
        self._booter().shape(host, wanted)
        wanted.save(self._settings_file)

    def _wanted(self, image: Path, **given: Any) -> Settings:
        """Settings after `up` with these arguments, None meaning not given."""
        asked = {name: value for name, value in given.items() if value is not None}
        now = settings.load(self._settings_file)
        if now is None:
            defaults = {"hosts": 3, "underlay": "ipv4", "mtu": 1500, "memory": 384}
            return Settings(image=str(image), **{**defaults, **asked})
        for fixed in ("underlay", "mtu"):
            if asked.get(fixed, getattr(now, fixed)) != getattr(now, fixed):
                raise LabError(
                    f"lab {self.name!r} is up with {fixed} {getattr(now, fixed)}: "
                    f"run `lab down --name {self.name}` before `up` with {fixed} {asked[fixed]}"
                )
        wanted = replace(now, **asked)  # checks what was asked before it is raised
        return replace(wanted, hosts=max(wanted.hosts, now.hosts))
