"""Names and addresses of a lab, all derived from a host's number (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import LabError

MAX_HOSTS = 200
UNDERLAYS = ("ipv4", "ipv6")
GATEWAY = "198.19.254.1/24"  # the namespace's own end of the management network
_HOST = re.compile(r"vtep([1-9][0-9]{0,2})")


@dataclass(frozen=True)
class Host:
    """One guest: its number (1 to MAX_HOSTS) decides everything else."""

    number: int

    @property
    def name(self) -> str:
        """Host name; also the name of its tap on the underlay."""
        return f"vtep{self.number}"

    @property
    def management_tap(self) -> str:
        """Name of its tap on the management network."""
        return f"{self.name}-mgmt"

    @property
    def management(self) -> str:
        """Address of eth0, for SSH."""
        return f"198.19.254.{10 + self.number}"

    @property
    def overlay(self) -> str:
        """Address with prefix in the overlay segment `lab` of the inventory."""
        return f"198.19.100.{10 + self.number}/24"

    def underlay(self, family: str) -> str:
        """Address of eth1, without prefix length."""
        if family == "ipv6":
            return f"fd00:198:18::{10 + self.number}"
        return f"198.18.0.{10 + self.number}"

    def underlay_prefix(self, family: str) -> str:
        """Address of eth1 with prefix length."""
        return f"{self.underlay(family)}/{64 if family == 'ipv6' else 24}"

    def mac(self, network: int) -> str:
        """Locally administered MAC of eth<network>."""
        return f"02:00:c6:12:{network:02x}:{10 + self.number:02x}"


def parse_host(name: str) -> Host:
    """The host called name. Raises LabError when it is not vtep1 to vtep<MAX_HOSTS>."""
    match = _HOST.fullmatch(name)
    if not match or int(match[1]) > MAX_HOSTS:
        raise LabError(f"bad host {name!r}: the hosts of a lab are vtep1, vtep2, ...")
    return Host(int(match[1]))


def hosts(count: int) -> list[Host]:
    """The first count hosts."""
    return [Host(number) for number in range(1, count + 1)]
