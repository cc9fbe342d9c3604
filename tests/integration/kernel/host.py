"""A host under test: converging runs and refused ones, each held against the witness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.integration.harness import Target
from tests.integration.kernel.witness import Snapshot, clean, eventually, look

PORT, DATAPATH = "ovs_vxlan_port", "ovs_datapath"


@dataclass(frozen=True)
class Run:
    """A converging run: its result, and what the witness saw afterwards."""

    result: Mapping[str, Any]
    after: Snapshot

    def actions(self, name: str | None = None) -> list[str]:
        """What was done, in order; to one port or datapath if it is named."""
        return [entry["action"] for entry in self.entries(name)]

    def entries(self, name: str | None = None) -> list[dict[str, Any]]:
        """The entries of `actions`, those of one port or datapath if it is named."""
        return [
            entry
            for entry in self.result["actions"]
            if name in (None, entry.get("port"), entry.get("datapath"))
        ]

    def changes(self, name: str) -> dict[str, tuple[Any, Any]]:
        """What the one `change` of a port or datapath changed, as (before, after)."""
        (entry,) = [entry for entry in self.entries(name) if entry["action"] == "change"]
        return {key: (at["before"], at["after"]) for key, at in entry["changes"].items()}


class Host:
    """A clean host to work on."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.sh = target.sh

    def clean(self) -> None:
        """Remove what a test may have left."""
        clean(self.target)

    def look(self, *, flows: bool | str = False, netns: str | None = None) -> Snapshot:
        """Take a snapshot."""
        return look(self.target, flows=flows, netns=netns)

    def must(self, module: str, **args: Any) -> dict[str, Any]:
        """Run a module that must not fail."""
        result = self.target.run(module, **args)
        assert not result.get("failed"), result["msg"]
        return result

    def datapath(self, *names: str) -> None:
        """Make datapaths."""
        self.must(DATAPATH, datapaths=[{"name": name} for name in names])

    def converge(self, module: str, *, flows: bool = False, **args: Any) -> Run:
        """Dry run, run, and run again: the first foretells the second, the last does nothing.

        That the dry run and the last run change nothing is counted where they would have to do
        it, in the requests that go to the kernel.
        """
        foretold = self.target.run(module, check=True, **args)
        assert not foretold.get("failed"), foretold["msg"]
        assert foretold["netlink"]["writes"] == 0
        result = self.must(module, **args)
        for key in ("changed", "actions", "diff"):
            assert foretold[key] == result[key], key
        assert result["changed"] is bool(result["actions"])
        after = self.look(flows=flows, netns=args.get("netns"))
        again = self.must(module, **args)
        assert (again["changed"], again["actions"]) == (False, [])
        assert again["diff"] == {"before": "", "after": ""}
        assert again["netlink"]["writes"] == 0
        return Run(result, after)

    def ports(self, ports: Sequence[Mapping[str, Any]], **args: Any) -> Run:
        """Converge a set of ports."""
        return self.converge(PORT, ports=list(ports), **args)

    @contextmanager
    def udp_socket(self, address: str, port: int) -> Iterator[str]:
        """A process that has bound a UDP socket; its process id."""
        family = "AF_INET6" if ":" in address else "AF_INET"
        program = (
            f"import socket, time; s = socket.socket(socket.{family}, socket.SOCK_DGRAM); "
            f"s.bind(({address!r}, {port})); time.sleep(3600)"
        )
        pid = self.sh(f'nohup python3 -c "{program}" >/dev/null 2>&1 & echo $!').strip()
        bound = (6 if ":" in address else 4, port)
        eventually(lambda: bound in self.look().udp, f"{address} port {port} is not bound")
        try:
            yield pid
        finally:
            self.sh(f"kill {pid}")
            eventually(lambda: bound not in self.look().udp, f"port {port} stays bound")

    def refused(self, module: str, *, in_dry_run: bool = True, **args: Any) -> dict[str, Any]:
        """Run a module that must fail and leave everything as it is; its answer.

        in_dry_run: the dry run must fail with the same message.
        """
        before = self.look()
        if in_dry_run:
            foretold = self.target.run(module, check=True, **args)
            assert foretold.get("failed"), "the dry run does not fail"
        error = self.target.run(module, **args)
        assert error.get("failed"), "the run does not fail"
        if in_dry_run:
            assert foretold["msg"] == error["msg"]
            assert error["netlink"]["writes"] == 0
        assert self.look().without_identity() == before.without_identity()
        return error
