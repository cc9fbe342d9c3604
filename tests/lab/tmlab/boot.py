"""Brings guests up in parallel and waits for them with a deadline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event

from . import processes
from .addresses import Host
from .errors import LabError
from .guest import Guest
from .namespace import Namespace
from .progress import Progress
from .settings import Settings
from .ssh import Ssh

_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
# What `systemctl reboot` ends up with, without waking D-Bus and logind first.
_REBOOT = "systemctl start --no-block --job-mode=replace-irreversibly reboot.target"
# Debian's Open vSwitch counts no processor in the kernel's first ten seconds: a bridge that is made
# then stays deaf (count_cpu_cores(), lib/ovs-thread.c of 3.1.0). No user is that quick.
_TEN_SECONDS = "while read -r up idle </proc/uptime && [ ${up%.*} -lt 10 ]; do sleep 0.1; done"


@dataclass(frozen=True)
class Booter:
    """Everything that powers a lab's guests on; the callers hold the lab's lock."""

    state: Path
    namespace: Namespace
    ssh: Ssh
    progress: Progress

    def boot(self, wanted: Settings, settings_file: Path, deadline: float) -> None:
        """Make the lab what wanted says: namespace, taps, and every guest running."""
        (self.state / "uml").mkdir(parents=True, exist_ok=True)
        wanted.save(settings_file)
        if not self.namespace.exists():
            # Guests of a namespace whose name is lost cannot be reached any more.
            processes.kill(lambda: processes.with_argument(f"tmlab_state={self.state}"))
            self.namespace.delete()  # a name that leads nowhere
            self.namespace.create(wanted.mtu)
        guests = [Guest(host, self.state, self.namespace) for host in wanted.all_hosts()]
        for guest in guests:
            self.namespace.add_taps(guest.host, wanted.mtu)
        dead = [guest for guest in guests if not guest.pids()]
        names = " ".join(guest.host.name for guest in dead)
        self.progress(f"booting {names}" if dead else "every host is already running")
        self._power_on(dead, wanted)
        self._wait_all(guests, wanted, time.monotonic() + deadline)

    def start(self, guests: Sequence[Guest], settings: Settings, deadline: float) -> None:
        """Power guests on and wait for all of them; deadline is in seconds."""
        for guest in guests:
            if guest.pids():
                raise LabError(f"{guest.host.name} is already running")
        self._power_on(guests, settings)
        self._wait_all(guests, settings, time.monotonic() + deadline)

    def reboot(self, guest: Guest, settings: Settings, deadline: float) -> float:
        """Reboot cleanly, wait for a new boot id; returns seconds."""
        begin = time.monotonic()
        before = self.ssh.run(guest.host, _BOOT_ID).stdout.strip()
        self.ssh.run(guest.host, _REBOOT)
        self.ssh.disconnect(guest.host)
        while time.monotonic() < begin + deadline:
            time.sleep(0.2)
            if not self.ssh.wait_port(guest.host, begin + deadline):
                break
            now = self.ssh.run(guest.host, _BOOT_ID, check=False, timeout=30)
            if now.rc == 0 and now.stdout.strip() != before:
                self._reshape(guest.host, settings)
                return time.monotonic() - begin
            self.ssh.disconnect(guest.host)
        raise LabError(_not_ready(guest, deadline))

    def shape(self, host: Host, settings: Settings) -> None:
        """Apply a link's delay and loss: on the tap, or in the guest where that is impossible."""
        netem = settings.netem(host)
        if self.namespace.shape(host, netem) and netem:
            return
        if netem:
            words = " ".join(netem)
            self.ssh.run(host, f"tc qdisc replace dev eth1 root netem {words}")
        else:
            self.ssh.run(host, "tc qdisc delete dev eth1 root 2> /dev/null || true")

    def _reshape(self, host: Host, settings: Settings) -> None:
        """A guest that booted lost what was set inside it."""
        if settings.netem(host):
            self.shape(host, settings)

    def _power_on(self, guests: Sequence[Guest], settings: Settings) -> None:
        key = self.ssh.make_key()
        for guest in guests:
            self.ssh.disconnect(guest.host)
            guest.start(settings, key)

    def _wait(self, guest: Guest, settings: Settings, deadline: float, stop: Event) -> None:
        host = guest.host
        begin = time.monotonic()
        looks = count(1)

        def hopeless() -> bool:  # to look for its processes takes a while: every tenth time
            return stop.is_set() or (next(looks) % 10 == 0 and not guest.pids())

        if not self.ssh.wait_port(host, deadline, hopeless):
            raise LabError(_not_ready(guest, time.monotonic() - begin))
        self._check_switch(host)
        self._reshape(host, settings)
        self.progress(f"{host.name} is ready")

    def _wait_all(self, guests: Sequence[Guest], settings: Settings, deadline: float) -> None:
        if not guests:
            return
        stop = Event()
        with ThreadPoolExecutor(len(guests)) as pool:
            futures = [pool.submit(self._wait, guest, settings, deadline, stop) for guest in guests]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                stop.set()  # do not wait for the others: one has failed, or it was Ctrl-C
                raise

    def _check_switch(self, host: Host) -> None:
        """Say so when Open vSwitch did not start; its user may have meant it, so no error."""
        done = self.ssh.run(
            host, f"{_TEN_SECONDS}; systemctl is-active openvswitch-switch", check=False
        )
        if done.rc != 0:
            failed = self.ssh.run(host, ["systemctl", "--failed", "--no-legend"]).stdout.split()
            self.progress(
                f"WARNING: openvswitch-switch is {done.stdout.strip()} on {host.name}; "
                f"failed units: {' '.join(w for w in failed if '.' in w) or 'none'}"
            )


def _not_ready(guest: Guest, seconds: float) -> str:
    state = "is running, but SSH did not answer" if guest.pids() else "has died"
    return (
        f"{guest.host.name} {state} within {seconds:.0f} s; "
        f"its console ({guest.console}) says:\n{guest.console_tail()}"
    )
