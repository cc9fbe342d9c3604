"""What a change costs the traffic that flows: packets lost while a module runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.guests import Guest, lab
from tests.bench.model import Row
from tests.bench.phase import Effort, Findings, say

NEAR, FAR = "198.18.0.11", "198.18.0.12"
BRIDGE, DATAPATH = "br-stream", "dp-stream"
OVERLAYS = {"ovsdb": ("198.19.200.1", "198.19.200.2"), "kernel": ("198.19.201.1", "198.19.201.2")}
Change = Callable[[], dict[str, Any]]


class TrafficBench:
    """The first host has many tunnels, one of them to the second; a stream runs over that one."""

    def __init__(self, near: Guest, far: Guest, effort: Effort) -> None:
        self._near, self._far = near, far
        self._count = effort.size(1000)
        self._found = Findings()

    def run(self) -> Findings:
        """Measure and compare."""
        for plane, work in (("ovsdb", self._ovsdb), ("kernel", self._kernel)):
            say(f"packets lost while one of {self._count} changes, plane {plane}")
            try:
                work()
            finally:
                self._clean()
        return self._found

    def _clean(self) -> None:
        for guest in (self._near, self._far):
            everything = {"bridges": [], "tunnels": [], "wait_timeout": 600}
            guest.apply("ovs_vxlan_tunnel", purge=True, **everything)
            guest.apply("ovs_vxlan_port", ports=[], purge=True)
            guest.apply("ovs_datapath", datapaths=[], purge=True)

    def _ovsdb(self) -> None:
        for guest, others in ((self._near, self._count - 1), (self._far, 0)):
            self._tunnels(guest, others)
        change = self._tunnels
        self._measure(
            "ovsdb",
            "another one changes",
            lambda: change(self._near, others=self._count - 1, key="77"),
        )
        self._measure(
            "ovsdb",
            "its own ttl changes",
            lambda: change(self._near, others=self._count - 1, key="77", ttl="33"),
        )

    def _tunnels(
        self, guest: Guest, others: int, key: str = "9", ttl: str = "64"
    ) -> dict[str, Any]:
        near = guest is self._near
        remote, own = (FAR, OVERLAYS["ovsdb"][0]) if near else (NEAR, OVERLAYS["ovsdb"][1])
        stream = {"name": "stream", "remote_ip": remote, "key": "7", "ttl": ttl}
        more = [
            {
                "name": f"other{number}",
                "remote_ip": f"198.18.{100 + number // 250}.{number % 250 + 1}",
                "key": "9",
            }
            for number in range(others)
        ]
        if more:
            more[-1]["key"] = key
        return guest.apply(
            "ovs_vxlan_tunnel",
            bridges=[{"name": BRIDGE, "mtu": 1450, "address": [f"{own}/24"]}],
            bridge=BRIDGE,
            tunnels=[stream, *more],
            protected=True,
            wait_timeout=300,
        )

    def _kernel(self) -> None:
        for guest, others in ((self._near, self._count - 1), (self._far, 0)):
            own = OVERLAYS["kernel"][0 if guest is self._near else 1]
            guest.apply("ovs_datapath", name=DATAPATH, mtu=1450, address=[f"{own}/24"])
            self._ports(guest, others)
            guest.apply("ovs_datapath", name=DATAPATH, connect=[[DATAPATH, "stream"]])
        change = self._ports
        self._measure(
            "kernel",
            "another one changes",
            lambda: change(self._near, others=self._count - 1, port=4790),
        )
        self._measure(
            "kernel",
            "its own ttl changes",
            lambda: change(self._near, others=self._count - 1, port=4790, ttl="33"),
        )

    def _ports(
        self, guest: Guest, others: int, port: int = 4789, ttl: str = "64"
    ) -> dict[str, Any]:
        remote, local = (FAR, NEAR) if guest is self._near else (NEAR, FAR)
        stream = {"name": "stream", "vni": 7, "remotes": [remote], "ttl": ttl}
        more: list[dict[str, Any]] = [
            {"name": f"other{number}", "vni": 1000 + number} for number in range(others)
        ]
        if more:
            more[-1]["dst_port"] = port
        ports = [stream, *more]
        return guest.apply(
            "ovs_vxlan_port", datapath=DATAPATH, local_ip=local, mtu="1450", ports=ports
        )

    @contextmanager
    def _streaming(self, plane: str, lost: list[int]) -> Iterator[None]:
        """A stream over the overlay; what it lost is appended to ``lost`` with what it sent."""
        address = OVERLAYS[plane][1]
        echo = self._far.start("echo", address)
        self._near.sh(f"ping -c 1 -w 20 {address}")
        stream = self._near.start("stream", address)
        try:
            yield
        finally:
            sent, answered = stream.finish()
            echo.finish()
            lost += [sent - answered, sent]

    def _measure(self, plane: str, what: str, change: Change) -> None:
        lost: list[int] = []
        with self._streaming(plane, lost):
            result = change()
        touched = {action["port"] for action in result["actions"]}
        if len(touched) != 1:
            raise RuntimeError(f"{plane}, {what}: {len(touched)} ports are touched, not 1")
        result_text = f"{lost[0]} of {lost[1]} lost"
        steps = ", ".join(action["action"] for action in result["actions"])
        note = f"done to {touched.pop()}: {steps}"
        title = f"packets of one of {self._count} tunnels while {what}, {plane} plane"
        self._found.rows.append(Row(title, "none lost", result_text, lost[0] == 0, note))


def run(effort: Effort) -> Findings:
    """The phase."""
    with lab(2) as found:
        return TrafficBench(Guest(found, "vtep1"), Guest(found, "vtep2"), effort).run()
