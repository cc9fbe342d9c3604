"""A capture of the underlay from entering a block to leaving it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.integration.harness import Lab
from tests.playbooks.wire import Packet, parse


class Capture:
    """All UDP of the underlay from entering to leaving."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._file = folder / "underlay.pcap"
        self._capture = lab.capture("underlay", self._file, ["udp"])
        self.packets: list[Packet] = []

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._capture.stop()
        self.packets = parse(self._file.read_bytes())

    def now(self, wanted: Callable[[Packet], bool]) -> list[Packet]:
        """The packets so far that are wanted."""
        return [packet for packet in parse(self._file.read_bytes()) if wanted(packet)]
