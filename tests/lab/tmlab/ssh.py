"""SSH into the guests: through the namespace, over one kept connection per guest."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .addresses import Host
from .errors import LabError
from .namespace import Namespace
from .shell import Result, run

# A socket path has 108 bytes, of which ssh uses 18 itself while it opens one.
_LONGEST_CONTROL_PATH = 88
_POLL = 0.15


@dataclass(frozen=True)
class Ssh:
    """The SSH settings of one lab, whose files are in its state folder."""

    state: Path
    namespace: Namespace

    @property
    def key(self) -> Path:
        """The private key that lets root in."""
        return self.state / "key"

    def make_key(self) -> str:
        """Create the lab's key unless it is there; returns its public part, base64."""
        if not self.key.exists():
            (self.state / "c").mkdir(mode=0o700, parents=True, exist_ok=True)
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(self.key)])
        return self.key.with_suffix(".pub").read_text().split()[1]

    def proxy_command(self) -> str:
        """Reaches a guest from this machine's own namespace."""
        return f"nsenter --net={self.namespace.path} -- nc %h %p"

    def control_path(self) -> str:
        """Where the kept connections listen, with ssh's %h; `none` where the path is too long."""
        path = self.state / "c" / "%h"
        return "none" if len(str(path)) + 12 > _LONGEST_CONTROL_PATH else str(path)

    def options(self) -> list[str]:
        """Options of ssh and scp; Ansible gets the same, hence shares the connections."""
        settings = {
            "ControlMaster": "auto",
            "ControlPersist": "3600",
            "ControlPath": self.control_path(),
            "ProxyCommand": self.proxy_command(),
            "IdentityFile": str(self.key),
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "GlobalKnownHostsFile": "/dev/null",
            "PreferredAuthentications": "publickey",
            "ConnectTimeout": "20",
            "ServerAliveInterval": "10",
            "ServerAliveCountMax": "6",
            "LogLevel": "ERROR",
        }
        words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return ["-F", "none", *words]

    def command(self, host: Host, remote: str | Sequence[str] = ()) -> list[str]:
        """The ssh command line of a shell script (str), a program (sequence) or a shell (empty)."""
        script = remote if isinstance(remote, str) else shlex.join(remote)
        return ["ssh", *self.options(), f"root@{host.management}", *([script] if script else [])]

    def run(
        self,
        host: Host,
        remote: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float | None = 120.0,
        stdin: str | None = None,
    ) -> Result:
        """Run a shell script or a program on a guest; see shell.run for the rest."""
        return run(self.command(host, remote), check=check, timeout=timeout, stdin=stdin)

    def push(self, host: Host, local: Path, remote: str) -> None:
        """Copy a file or a folder to a guest."""
        target = f"root@{host.management}:{remote}"
        options = [*self.options(), "-q", "-r"]
        run(["scp", *options, "--", str(local), target], timeout=300)

    def pull(self, host: Host, remote: str, local: Path) -> None:
        """Copy a file or a folder from a guest."""
        source = f"root@{host.management}:{remote}"
        options = [*self.options(), "-q", "-r"]
        run(["scp", *options, "--", source, str(local)], timeout=300)

    def disconnect(self, host: Host) -> None:
        """Close the kept connection, whose other end is about to go or is gone."""
        socket = self.control_path().replace("%h", host.management)
        if socket == "none":
            return
        with suppress(LabError):
            run(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "x"], check=False, timeout=5)
        Path(socket).unlink(missing_ok=True)

    def wait_port(self, host: Host, deadline: float, hopeless: Callable[[], bool] = bool) -> bool:
        """Wait until sshd listens.

        False when the deadline (time.monotonic) passes before, or it is hopeless.
        """
        probe = [*self.namespace.enter(), "nc", "-z", "-w", "1", host.management, "22"]
        while time.monotonic() < deadline and not hopeless():
            if run(probe, check=False).rc == 0:
                return True
            time.sleep(_POLL)
        return False
