"""Broadcasts into a mesh, and every copy of them that the underlay then carries."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.playbooks.wire import inner_ipv4, inner_length, parse

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

from tmlab.lab import Lab  # the lab is a program of its own, not a package of ours

__all__ = ["BROADCASTS", "HEADERS", "MARKER", "SIZE", "Lab", "flood"]

BROADCASTS = 5
# Bytes of ping's payload. The marker goes last, so that the window ends with its arrival.
SIZE, MARKER = 56, 156
HEADERS = 28
# Seconds until the marker has to have arrived on a busy machine.
DEADLINE = 60.0


def endpoints(lab: Lab) -> dict[str, str]:
    """Underlay address -> host."""
    hosts: Mapping[str, Mapping[str, str]] = lab.inventory()["vteps"]["hosts"]
    return {str(values["vxlan_mesh_endpoint"]): name for name, values in hosts.items()}


def flood(
    lab: Lab,
    origin: str,
    broadcast: str,
    vni: int,
    paths: Sequence[str],
    names: Mapping[str, str] | None = None,
) -> Counter[str]:
    """``BROADCASTS`` broadcasts of ``origin``: path (``host > host``) -> copies that it carried.

    A last, larger broadcast marks the end: once it has been seen on all of ``paths``, whatever
    of the others still circled would have been seen many times.
    """
    names = names or endpoints(lab)
    with tempfile.TemporaryDirectory(prefix="tunnelmesh-flood-") as folder:
        file = Path(folder) / "underlay.pcap"
        with lab.capture("underlay", file, ["udp"]):
            ping = f"ping -b -q -i 0.2 -W 1 {broadcast}"
            lab.ssh(origin, f"{ping} -c {BROADCASTS} -s {SIZE}; {ping} -c 1 -s {MARKER}; true")
            deadline = time.monotonic() + DEADLINE
            while set(paths) - set(_copies(file, names, broadcast, vni, MARKER)):
                if time.monotonic() > deadline:
                    break  # the copies that are there then tell what is wrong
                time.sleep(0.05)
        return _copies(file, names, broadcast, vni, SIZE)


def _copies(
    file: Path, names: Mapping[str, str], broadcast: str, vni: int, size: int
) -> Counter[str]:
    found: Counter[str] = Counter()
    for packet in parse(file.read_bytes()):
        inner = inner_ipv4(packet)
        if inner and inner[1] == broadcast and inner_length(packet) == size + HEADERS:
            path = f"{names[packet.source]} > {names[packet.destination]}"
            found[path if packet.vni == vni else f"{path} in VNI {packet.vni}"] += 1
    return found
