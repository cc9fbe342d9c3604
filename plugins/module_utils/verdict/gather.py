# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facade over everything that is read: both planes and what is around them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..core.errors import TunnelMeshError
from ..kernel import model as kernel_model
from ..kernel.decode import attributes
from ..kernel.reader import Reader
from ..kernel.transport import CTRL_GETFAMILY, GENL_ID_CTRL
from ..ovsdb import daemon
from ..ovsdb.model import Bridge
from ..ovsdb.remote import Remote
from . import database, surroundings
from .model import Expected, Snapshot, Surroundings
from .subjects import subjects

_FAMILY_NAME = 2  # CTRL_ATTR_FAMILY_NAME


class _Reader(Reader):
    """Reads hosts without the kernel module as well, and never makes the kernel load it."""

    def loaded(self) -> bool:
        """The kernel has the netlink families of openvswitch; to ask for one would load it."""
        body = struct.pack("=BBH", CTRL_GETFAMILY, 1, 0)
        for answer in self.generic.dump(GENL_ID_CTRL, body):
            if dict(attributes(answer, 4)).get(_FAMILY_NAME, b"").startswith(b"ovs_datapath\0"):
                return True
        return False

    def _datapaths(self, flows: bool) -> Iterable[kernel_model.Datapath]:
        if self.loaded():
            yield from super()._datapaths(flows)


class Gatherer:
    """Takes snapshots of one network namespace; keeps its sockets open between them."""

    def __init__(
        self,
        remote: Remote | None,
        own_namespace: bool = True,
        baseline: Mapping[str, int] | None = None,
    ) -> None:
        """``remote``: the database of this host; None where there is none to be read.

        ``baseline`` may be changed between snapshots.
        """
        self._remote = remote
        self._own_namespace = own_namespace
        self.baseline = dict(baseline or {})
        self._reader = _Reader()

    def close(self) -> None:
        """Close the netlink sockets."""
        self._reader.close()

    def snapshot(self, expected: Expected) -> Snapshot:
        """Everything that a verdict needs. Raises ApplyError when the kernel refuses a dump.

        The database is read first: what it promises, the kernel then has to show.
        """
        rows, reason = database.read(self._remote) if self._remote else (None, "")
        rundir = self._remote.rundir if self._remote else ""
        seen = Snapshot(
            kernel=self._reader.snapshot(flows=True, statistics=True),
            openvswitch=self._reader.loaded(),
            database=rows,
            asked=self._remote is not None and reason != database.DENIED,
            reason=reason,
            daemon=daemon.look(rundir) if rundir else daemon.Vswitchd(),
            baseline=self.baseline,
        )
        if rows is not None and _userspace(rows.rows.bridges.values()):
            seen = replace(seen, listening=_listening(rundir))
        return replace(seen, around=self.around(seen, expected))

    def around(self, seen: Snapshot, expected: Expected) -> Surroundings:
        """The surroundings of everything that is judged."""
        paths = [path for subject in subjects(seen, expected) for path in subject.paths]
        return surroundings.read(self._reader.route, paths, seen.kernel, self._own_namespace)


def _userspace(bridges: Iterable[Bridge]) -> bool:
    return any(bridge.datapath_type == "netdev" for bridge in bridges)


def _listening(rundir: str) -> frozenset[int] | None:
    try:
        return daemon.listening(rundir)
    except TunnelMeshError:
        return None
