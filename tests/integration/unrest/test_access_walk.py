"""A random walk over a host's own ports in VLANs: declared sets, edits by hand, things of others.

After each run the two laws hold: what was foreseen was done, a second run finds nothing to do, a
failure leaves what was, and what is not ours is untouched.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.integration.faults.stages import devices, rows
from tests.integration.harness import Target
from tests.integration.ovsdb.witness import Ovs, eventually
from tests.integration.unrest.walking import SetWalk, steps, walk

MODULE = "ovs_access_port"
NAMES, BRIDGES = ("p", "q", "r"), ("br0", "br1")
PORTS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "bridge": st.sampled_from(BRIDGES),
        "tag": st.sampled_from([11, 12]),
    },
    optional={
        "state": st.sampled_from(["present", "present", "absent"]),
        "mtu": st.sampled_from([1300, 1400]),
        "address": st.sampled_from(
            [[], ["192.0.2.1/24"], ["192.0.2.1/24", "192.0.2.9/24"], ["2001:db8::1/64"]]
        ),
    },
)
TASKS = st.fixed_dictionaries(
    {
        "ports": st.lists(PORTS, min_size=1, max_size=3, unique_by=lambda one: one["name"]),
        "purge": st.booleans(),
    }
)
# By other tools, on our things and beside them; what does not apply fails, and does not matter.
EDITS = [
    "ovs-vsctl --if-exists set port p tag=99",
    "ovs-vsctl --if-exists clear port q tag",
    "ovs-vsctl --if-exists set interface q external_ids:theirs=1",
    "ovs-vsctl --if-exists clear interface r external_ids",
    "ovs-vsctl --if-exists set interface p mtu_request=1350",
    "ovs-vsctl --if-exists del-port q",
    "ovs-vsctl add-port br0 r -- set interface r type=internal",
    "ovs-vsctl add-port br1 g tag=11 -- set interface g type=internal external_ids:theirs=1",
    "ovs-vsctl --if-exists del-port g",
    "ovs-vsctl --if-exists del-br br1",
    "ovs-vsctl --may-exist add-br br1",
    "ip link set p down",
    "ip link set q mtu 1280",
    "ip address add 192.0.2.77/24 dev p",
    "ip address flush dev q scope global",
    "ip link set g up; ip address add 198.51.100.7/24 dev g",
    "ip link add r type dummy",
    "ip link del r",
]


class AccessWalk(SetWalk):
    """Of ovs_access_port."""

    def __init__(self) -> None:
        super().__init__()
        p, q = ({"name": name, "bridge": "br0", "tag": 11} for name in NAMES[:2])
        self.task = {"ports": [p, {**q, "address": ["192.0.2.1/24"]}]}

    @initialize()
    def start(self) -> None:
        """From two bridges and two ports."""
        if self.walking:
            self.ovs.clean()
            self.ovs.vsctl(*(f"-- add-br {name}" for name in BRIDGES))
            self.take(self.check_run)

    @steps(TASKS, EDITS)
    def step(self, task: dict[str, Any] | None, edits: list[str]) -> None:
        """See SetWalk."""
        self.declare(task, edits)

    # -- the laws ------------------------------------------------------------------------------

    def _run(self, *, check: bool = False) -> dict[str, Any]:
        return self.ovs.target.run(MODULE, check=check, **self.task)

    def _seen(self) -> dict[str, Any]:
        return {**rows(self.ovs), **devices(self.ovs)}

    def check_run(self) -> None:
        """The laws."""
        eventually(lambda: self._seen() == self._seen(), "the host comes to rest")
        before = self._seen()
        foreseen = self._run(check=True)
        assert self._seen() == before, "a dry run has written"
        done = self._run()
        after = self._seen()
        self.counts["runs"] += 1
        if done.get("failed"):
            self.counts["refused" if foreseen.get("failed") else "failed"] += 1
            assert done.get("remedy"), done
            assert "leftovers" not in done, done
            assert foreseen.get("msg") == done["msg"] or done.get("rolled_back"), (foreseen, done)
            assert after == before
            return
        self.counts["actions"] += len(done["actions"])
        for key in ("actions", "diff"):
            assert done[key] == foreseen.get(key), (key, foreseen)
        assert self._run()["actions"] == []
        assert self._seen() == after, "it wrote for nothing"
        self._check_foreign(before, after)
        self._check_declared()

    def _check_foreign(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """A row and a device that nobody declares, and that never were ours.

        Its MTU is that of the bridge: ovs-vswitchd gives it the smallest that a port asks for.
        """
        theirs, now = (
            {k: v for k, v in one.items() if k.endswith(" g")} for one in (before, after)
        )
        self.counts["foreign things"] += len(theirs)
        for one in (theirs, now):
            one["device g"] = one.get("device g", [])[1:]
        assert now == theirs

    def _check_declared(self) -> None:
        """What iproute2 and ovs-vsctl say about every declared port."""
        for one in self.task["ports"]:
            name = one["name"]
            link = self.ovs.target.link(name)
            if one.get("state") == "absent":
                assert name not in self.ovs.rows("Port")
                continue
            assert self.ovs.port(name)["tag"] == one["tag"]
            assert name in self.ovs.ports(one["bridge"])
            assert link is not None
            assert "UP" in link["flags"]
            assert link["mtu"] == one.get("mtu", link["mtu"])


def test_a_random_walk(vtep1: Target) -> None:
    AccessWalk.ovs = Ovs(vtep1)
    try:
        assert walk(AccessWalk)["actions"]
    finally:
        AccessWalk.ovs.clean()
