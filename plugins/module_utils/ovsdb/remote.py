# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a database listens: ``unix:PATH``, ``tcp:HOST:PORT`` or ``ssl:HOST:PORT``."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from pathlib import Path

from ..core.errors import EnvironmentProblem, InputError
from ..core.record import dataclass

DEFAULT = "unix:/var/run/openvswitch/db.sock"
RUNDIR = "/var/run/openvswitch"
DEFAULT_PORT = 6640
_NETWORK = re.compile(r"(tcp|ssl):(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::(\d{1,5}))?\Z")


@dataclass(frozen=True)
class Keys:
    """Files for an ``ssl:`` remote, all in PEM format."""

    private_key: str | None = None
    certificate: str | None = None
    ca_cert: str | None = None


NO_KEYS = Keys()


@dataclass(frozen=True)
class Remote:
    """One place to connect to; ``path`` for a unix socket, else ``host`` and ``port``."""

    scheme: str
    path: str = ""
    host: str = ""
    port: int = 0
    keys: Keys = NO_KEYS

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}:{host}:{self.port}"

    @property
    def local(self) -> bool:
        """The database, and so its ovs-vswitchd, runs on this host.

        Of a tunnel that ends at an address of this host nothing can be known here.
        """
        return self.scheme == "unix" or _of_this_host(self.host, self.port)

    @property
    def rundir(self) -> str:
        """Folder of the pid file and the control socket of ovs-vswitchd."""
        return str(Path(self.path).parent) if self.scheme == "unix" else RUNDIR

    def connect(self, timeout: float) -> socket.socket:
        """Open a connection within ``timeout`` seconds.

        :raises EnvironmentProblem: nobody listens, access is denied, or one side does not trust
            the other.
        """
        try:
            if self.scheme == "unix":
                stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                stream.settimeout(timeout)
                stream.connect(self.path)
                return stream
            if self.scheme == "ssl":
                from . import tls  # a third of what all other imports cost, and rarely needed

                return tls.connect((self.host, self.port), timeout, self.keys, str(self))
            return socket.create_connection((self.host, self.port), timeout)
        except OSError as error:
            raise self._problem(error) from error

    def _problem(self, error: OSError) -> EnvironmentProblem:
        remedy = "start ovsdb-server, or give the right address in 'database'"
        if error.errno in (errno.EACCES, errno.EPERM):
            remedy = "set 'become: true'"
        elif self.scheme == "unix" and error.errno == errno.ENOENT:
            remedy = "start Open vSwitch (systemctl start openvswitch-switch, or openvswitch), or "
            remedy += "give the path of its socket in 'database'"
        elif self.scheme != "unix":
            remedy = "see whether ovsdb-server listens there (ovs-vsctl get-manager on that host) "
            remedy += "and no firewall is in between, or give the right address in 'database'"
        return EnvironmentProblem(
            f"cannot connect to the Open vSwitch database: {error.strerror or error}",
            culprit=str(self),
            remedy=remedy,
        )


def _of_this_host(host: str, port: int) -> bool:
    """Whether an address is one of this host: then packets to it have it as their source too."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM
        )[0]
        if ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
            return True
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)  # of a datagram socket: a look at the routes, nothing is sent
            return bool(probe.getsockname()[0] == address[0])
    except OSError:
        return False


def parse(text: str, keys: Keys = NO_KEYS) -> Remote:
    """A remote from its text.

    :raises InputError: not one of the three forms, a port out of range, ``ssl:`` without keys.
    """
    if text.startswith("unix:/"):
        return Remote("unix", path=text[len("unix:") :])
    match = _NETWORK.match(text)
    port = int(match[4] or DEFAULT_PORT) if match else 0
    if not match or not 1 <= port <= 65535:
        raise InputError(
            f"database {text!r} is not an OVSDB address",
            remedy="write unix:/path, tcp:HOST:PORT or ssl:HOST:PORT, an IPv6 host in brackets",
        )
    if match[1] == "ssl" and not (keys.private_key and keys.certificate and keys.ca_cert):
        raise InputError(
            f"database {text!r} needs a key pair and a CA",
            remedy="give database_private_key, database_certificate and database_ca_cert",
        )
    return Remote(match[1], host=match[2] or match[3], port=port, keys=keys)
