"""The lab's network namespace: two bridges and the taps of every guest, nothing outside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .addresses import GATEWAY, Host
from .errors import LabError
from .shell import run

UNDERLAY = "underlay"
MANAGEMENT = "mgmt"


@dataclass(frozen=True)
class Namespace:
    """Network namespace tmlab-<lab>; owner is the lab's state folder, kept as a bridge's alias."""

    lab: str
    owner: Path

    @property
    def name(self) -> str:
        """Name as `ip netns` shows it."""
        return f"tmlab-{self.lab}"

    @property
    def path(self) -> Path:
        """The file that names the namespace."""
        return Path("/run/netns") / self.name

    def exists(self) -> bool:
        """Whether the namespace is there and usable."""
        return self.path.exists() and run([*self.enter(), "true"], check=False).rc == 0

    def enter(self) -> list[str]:
        """Command prefix that runs a program of this machine inside the namespace."""
        return ["nsenter", f"--net={self.path}", "--"]

    def found_owner(self) -> Path | None:
        """State folder of whoever made the namespace; None when it says nothing."""
        done = run(["ip", "-n", self.name, "-j", "link", "show", MANAGEMENT], check=False)
        alias = json.loads(done.stdout)[0].get("ifalias") if done.rc == 0 else None
        return Path(alias) if alias else None

    def require_mine(self) -> None:
        """Raise LabError when another cache folder's lab runs under this name."""
        owner = self.found_owner()
        if owner and owner != self.owner and owner.exists():
            raise LabError(
                f"lab name {self.lab!r} is taken by the lab of {owner}: choose another --name, or "
                f"run `TUNNELMESH_CACHE={owner.parent.parent} tests/lab/lab down --name {self.lab}`"
            )

    def create(self, mtu: int) -> None:
        """Make the namespace with its bridges; mtu is the underlay's, in bytes."""
        run(["ip", "netns", "add", self.name])
        # The lab's own devices must not talk IPv6 on the wire that tests capture.
        quiet = "for s in all default; do echo 1 > /proc/sys/net/ipv6/conf/$s/disable_ipv6; done"
        run([*self.enter(), "sh", "-c", quiet])
        # No snooping: neighbour discovery must reach everybody without a querier.
        bridge = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
        self._batch(
            [
                "link set lo up",
                f"link add name {MANAGEMENT} {bridge}",
                f"link set {MANAGEMENT} alias {self.owner}",
                f"address add {GATEWAY} dev {MANAGEMENT}",
                f"link add name {UNDERLAY} mtu {mtu} {bridge}",
                f"link set {MANAGEMENT} up",
                f"link set {UNDERLAY} up",
            ]
        )

    def add_taps(self, host: Host, mtu: int) -> None:
        """Give a host its two taps, unless it has them; mtu is the underlay's, in bytes."""
        present = self.devices()
        lines = []
        for tap, bridge, size in (
            (host.management_tap, MANAGEMENT, 1500),
            (host.name, UNDERLAY, mtu),
        ):
            if tap not in present:
                lines += [
                    f"tuntap add dev {tap} mode tap",
                    f"link set {tap} mtu {size} master {bridge} up",
                ]
        self._batch(lines)

    def devices(self) -> set[str]:
        """Names of the network devices inside."""
        return {row["ifname"] for row in json.loads(self._ip(["-j", "link", "show"]))}

    def set_up(self, host: Host, up: bool) -> None:
        """Cut a host's underlay link, or mend it.

        The tap leaves the bridge. It must not go down: UML's vector driver takes the write error
        of a tap that is down for good and never sends again (arch/um/drivers/vector_kern.c).
        """
        self._ip(["link", "set", host.name, *(["master", UNDERLAY] if up else ["nomaster"])])

    def is_up(self, host: Host) -> bool:
        """Whether a host's underlay link is not cut."""
        row = json.loads(self._ip(["-j", "link", "show", host.name]))[0]
        return bool(row.get("master") == UNDERLAY)

    def shape(self, host: Host, netem: Sequence[str]) -> bool:
        """Put netem's options on a host's underlay tap; none: remove them.

        False when this machine's kernel has no netem.
        """
        tc = ["tc", "-n", self.name, "qdisc"]
        if not netem:
            run([*tc, "delete", "dev", host.name, "root"], check=False)
            return True
        done = run([*tc, "replace", "dev", host.name, "root", "netem", *netem], check=False)
        if done.rc != 0 and "kind is unknown" not in done.stderr:
            raise LabError(f"tc refused {' '.join(netem)}: {done.stderr.strip()}")
        return done.rc == 0

    def delete(self) -> None:
        """Remove the namespace and with it every bridge and tap."""
        if self.path.exists():
            run(["ip", "netns", "delete", self.name])

    def _ip(self, arguments: Sequence[str]) -> str:
        return run(["ip", "-n", self.name, *arguments]).stdout

    def _batch(self, lines: Sequence[str]) -> None:
        if lines:
            run(["ip", "-n", self.name, "-batch", "-"], stdin="".join(f"{x}\n" for x in lines))
