# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ovs-vswitchd process of this host: is it alive, and what does it have in mind."""

from __future__ import annotations

import re
import time
from pathlib import Path

from ..core.record import dataclass
from .jsonrpc import Connection, Deadline
from .remote import Remote

# Seconds for one command on the control socket.
ANSWER = 10.0
# Seconds that a process waits in the kernel without there being anything wrong.
MOMENT = 1.0
# "    vx1 5/3: (vxlan: ...)" and "    vx2 6/none: (vxlan: ...)": dpif_show_backer(),
# ofproto/ofproto-dpif.c: OpenFlow number / datapath number.
_PORT = re.compile(r"^ +(\S+) \d+/(\d+|none): \(vxlan", re.MULTILINE)
# "vxlan_sys_4789 (2) ref_cnt=2", datapath number in brackets: tnl_port_show(), lib/tnl-ports.c.
_LISTENING = re.compile(r"^vxlan_sys_(\d+) \(\d+\) ref_cnt=", re.MULTILINE)


@dataclass(frozen=True)
class Vswitchd:
    """State of the daemon; ``pid`` 0: there is none."""

    pid: int = 0
    state: str = ""

    def complaint(self) -> str | None:
        """What is wrong with it, or None."""
        if not self.pid:
            return "ovs-vswitchd is not running"
        if self.state in ("T", "t"):
            return f"ovs-vswitchd (pid {self.pid}) is stopped, by a signal or a debugger"
        if self.state == "D":
            return f"ovs-vswitchd (pid {self.pid}) hangs in the kernel"
        return None


def look(rundir: str) -> Vswitchd:
    """The daemon named by the pid file in ``rundir``.

    Any system call may wait in the kernel for a moment; it hangs when it does so for longer.
    """
    found = _sample(rundir)
    end = time.monotonic() + MOMENT
    while found.state == "D" and time.monotonic() < end:
        time.sleep(MOMENT / 20)
        found = _sample(rundir)
    return found


def _sample(rundir: str) -> Vswitchd:
    try:
        pid = int(Path(rundir, "ovs-vswitchd.pid").read_text(encoding="ascii").strip())
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return Vswitchd()
    name, _bracket, rest = stat.partition("(")[2].rpartition(")")
    state = rest.split()[0]
    if not name.startswith("ovs-vswitchd") or state in ("Z", "X"):
        return Vswitchd()
    return Vswitchd(pid, state)


def command(rundir: str, *words: str) -> str:
    """The answer to a command of ovs-appctl, over the control socket itself.

    :raises TunnelMeshError: no daemon, no answer within ANSWER seconds, or a refusal.
    """
    path = Path(rundir, f"ovs-vswitchd.{look(rundir).pid}.ctl")
    remote = Remote("unix", path=str(path))
    deadline = Deadline(ANSWER)
    with Connection(remote, deadline) as connection:
        return str(connection.call(words[0], list(words[1:]), deadline))


def datapath_numbers(rundir: str) -> dict[str, int]:
    """Datapath port number of every VXLAN tunnel, as ovs-vswitchd believes it to be."""
    found = _PORT.findall(command(rundir, "dpif/show"))
    return {name: int(number) for name, number in found if number != "none"}


def listening(rundir: str) -> frozenset[int]:
    """UDP ports that the userspace datapath takes tunnel packets on."""
    return frozenset(map(int, _LISTENING.findall(command(rundir, "tnl/ports/show"))))
