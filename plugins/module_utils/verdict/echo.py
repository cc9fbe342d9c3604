# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pings remotes on the underlay, and tells what came back."""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping

from ..kernel.attributes import OVERHEAD
from ..probe import FULL, SMALL, Probe, Target
from .model import NUD_FAILED, NUD_INCOMPLETE, Echo, Expected, Path, Snapshot
from .rules_underlay import inside_ports
from .subjects import subjects

# Bytes of a packet that fits everywhere, and seconds to wait for the answers.
SMALLEST = 84
PATIENCE = 2.0


def sizes(seen: Snapshot, expected: Expected) -> dict[Path, int]:
    """Every path with a route, and the bytes that a full packet has there on the underlay."""
    found: dict[Path, int] = {}
    for subject in subjects(seen, expected):
        mtus = [seen.kernel.links[n].mtu for n in inside_ports(seen, subject)]
        for path in subject.paths:
            full = max(mtus) + OVERHEAD[path.family] if mtus and not subject.fragment else 0
            found[path] = max(found.get(path, SMALLEST), full)
    routes = seen.around.routes
    return {
        path: size
        for path, size in found.items()
        if path in routes and not routes[path].errno and not routes[path].local
    }


def suspects(seen: Snapshot, paths: Mapping[Path, int]) -> dict[Path, int]:
    """Those whose next hop the kernel has not found; one small packet each is enough."""
    bad = NUD_FAILED | NUD_INCOMPLETE
    found = {}
    for path in paths:
        route = seen.around.routes[path]
        hop = (route.oif, route.gateway or path.remote)
        if seen.around.neighbours.get(hop, 0) & bad:
            found[path] = SMALLEST
    return found


def ask(seen: Snapshot, paths: Mapping[Path, int]) -> dict[Path, Echo]:
    """Ping the remotes of ``paths``, all at once, within PATIENCE seconds.

    :param paths: path -> bytes of the full packet.
    :raises EnvironmentProblem: no right to open a raw socket (CAP_NET_RAW).
    """
    order: Collection[Path] = list(paths)
    targets = [
        Target(
            "underlay",
            seen.kernel.links[seen.around.routes[path].oif].name,
            paths[path],
            path.remote,
            path.remote,
        )
        for path in order
    ]
    Probe(targets, oversize=False).run(PATIENCE)
    return {
        path: Echo(
            paths[path],
            full=FULL in target.seen,
            small=SMALL in target.seen or (FULL in target.seen),
            too_big=target.refused.get(FULL) == errno.EMSGSIZE,
        )
        for path, target in zip(order, targets)
    }
