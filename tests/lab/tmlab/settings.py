"""What a lab was asked to be, kept in its lab.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from .addresses import MAX_HOSTS, UNDERLAYS, Host, hosts
from .errors import LabError


@dataclass(frozen=True)
class Settings:
    """hosts: how many; mtu: underlay, bytes; memory: MiB per guest; image: root file system.

    links holds the netem options per host name, as `delay` (ms) and `loss` (percent).
    """

    hosts: int
    underlay: str
    mtu: int
    memory: int
    image: str
    links: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise LabError for a value that cannot work."""
        if not 1 <= self.hosts <= MAX_HOSTS:
            raise LabError(f"--hosts {self.hosts}: must be 1 to {MAX_HOSTS}")
        if self.underlay not in UNDERLAYS:
            raise LabError(f"--underlay {self.underlay}: must be one of {', '.join(UNDERLAYS)}")
        smallest = 1280 if self.underlay == "ipv6" else 576
        if not smallest <= self.mtu <= 65000:
            raise LabError(f"--mtu {self.mtu}: must be {smallest} to 65000 for {self.underlay}")
        if not 128 <= self.memory <= 65536:
            raise LabError(f"--mem {self.memory}: must be 128 to 65536 MiB")

    def all_hosts(self) -> list[Host]:
        """The hosts of the lab."""
        return hosts(self.hosts)

    def with_link(self, host: Host, **impairment: float) -> Settings:
        """A copy whose link to host has these impairments; a zero removes one."""
        merged = {**self.links.get(host.name, {}), **impairment}
        kept = {name: value for name, value in merged.items() if value}
        return replace(self, links={**self.links, host.name: kept})

    def without_link(self, host: Host) -> Settings:
        """A copy whose link to host has no impairment."""
        return replace(self, links={k: v for k, v in self.links.items() if k != host.name})

    def netem(self, host: Host) -> list[str]:
        """Options of tc's netem for the link of host; empty when it is a perfect one."""
        link = self.links.get(host.name, {})
        options = [f"delay {link['delay']:g}ms"] if link.get("delay") else []
        options += [f"loss {link['loss']:g}%"] if link.get("loss") else []
        return " ".join(["limit 20000", *options]).split() if options else []

    def save(self, path: Path) -> None:
        """Write lab.json; a reader never sees half of it."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n")
        draft.replace(path)


def load(path: Path) -> Settings | None:
    """Settings of an existing lab, or None."""
    try:
        return Settings(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise LabError(f"{path} is damaged ({error}): run `lab down`") from error
