# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``overlay_ping`` does between its parameters and its result.

Private to this collection.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from .core import validate
from .core.errors import ApplyError
from .kernel.namespace import enter_netns
from .probe import OVERSIZE, Probe, Target


def apply(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Probe every peer.

    :raises ApplyError: a peer that has to answer does not, or a packet larger than the MTU passes;
        ``peers`` has the whole table.
    """
    del check_mode  # the module does not come here in check mode
    timeout = validate.integer(params["timeout"], 1, 3600, "overlay_ping", "timeout")
    found = targets(params["overlays"], params.get("required"))
    enter_netns(params.get("netns"))
    count = validate.integer(params.get("count") or 1, 1, 1000, "overlay_ping", "count")
    Probe(found, params["oversize"], count, bool(params.get("search"))).run(timeout)
    table = [row(target) for target in found]
    broken = [t for t in found if t.verdict != "ok" and (t.required or t.seen)]
    if broken:
        raise ApplyError(
            f"{len(broken)} of {len(found)} peers are not reached as they should be",
            culprit="; ".join(_describe(target) for target in broken[:10])
            + (f"; and {len(broken) - 10} more" if len(broken) > 10 else ""),
            remedy="check that the peer is up and configured, that the underlay carries its "
            "packets, and that no firewall drops the UDP port",
            peers=table,
        )
    silent = sorted({target.host for target in found if target.verdict != "ok"})
    notes = [f"no answer from {', '.join(silent)}, not part of this run"] if silent else []
    return {"changed": False, "peers": table, "warnings": notes}


def _describe(target: Target) -> str:
    return f"{target.segment}: {target.host} ({target.address}): {target.verdict}"


def targets(overlays: Sequence[Mapping[str, Any]], required: Sequence[str] | None) -> list[Target]:
    """One target per address of a peer whose family this host has an address of.

    :raises InputError: an address or an MTU makes no sense.
    """
    found = []
    for overlay in overlays:
        where = f"overlay {overlay['segment']}"
        mtu = validate.integer(overlay["mtu"], 68, 65535, where, "mtu")
        families = {6 if ":" in address else 4 for address in overlay["addresses"]}
        for peer in overlay["peers"]:
            address = validate.unicast(peer["address"], f"{where}, {peer['host']}", "address")
            if address.version in families:
                needed = required is None or peer["host"] in required
                found.append(
                    Target(
                        overlay["segment"],
                        overlay["device"],
                        mtu,
                        peer["host"],
                        str(address),
                        needed,
                    )
                )
    return found


def row(target: Target) -> dict[str, Any]:
    """A target as an entry of the result."""
    if OVERSIZE in target.seen:
        oversize = "passed"
    elif OVERSIZE in target.refused:
        oversize = "refused"
    else:
        oversize = "lost" if target.oversized else "not tried"
    times = target.times
    return {
        "segment": target.segment,
        "host": target.host,
        "address": target.address,
        "mtu": target.mtu,
        "rtt_ms": round(statistics.median(times) * 1000, 2) if times else None,
        "rtt_max_ms": round(max(times) * 1000, 2) if times else None,
        "loss": None if target.loss is None else round(target.loss, 1),
        "largest": target.passed,
        "attempts": target.attempts,
        "oversize": oversize,
        "required": target.required,
        "verdict": target.verdict,
    }
