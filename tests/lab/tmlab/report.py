"""The table that `lab status` prints."""

from __future__ import annotations

from .guest import Guest
from .lab import Lab


def status_lines(lab: Lab) -> tuple[list[str], bool]:
    """Lines of the table, and whether every host runs."""
    now = lab.settings
    network = lab.namespace.exists()
    lines = [
        f"lab {lab.name}: namespace {lab.namespace.name if network else 'MISSING'}, "
        f"underlay {now.underlay}, mtu {now.mtu}, {now.memory} MiB per host",
        f"{'host':8} {'power':6} {'management':16} {'underlay':20} link",
    ]
    healthy = network
    for host in now.all_hosts():
        running = bool(Guest(host, lab.state, lab.namespace).pids())
        up = network and lab.namespace.is_up(host)
        link = " ".join(["up" if up else "down", *now.netem(host)[2:]])
        power = "on" if running else "off"
        address = host.underlay(now.underlay)
        lines.append(f"{host.name:8} {power:6} {host.management:16} {address:20} {link}")
        healthy = healthy and running
    return lines, healthy
