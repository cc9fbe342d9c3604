"""A random walk on the real switch: declared sets, edits by hand, rows and devices of others.

After each run the two laws hold: what was foreseen was done, a second run finds nothing to do, a
failure leaves what was, and what is not ours is untouched.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.integration.ovsdb.witness import Ovs, eventually, settings_in
from tests.integration.unrest.walking import SetWalk, steps, walk

OURS = "tunnelmesh-owner"
# What ovs-vswitchd says about a row; it tries again on its own what it has refused.
REPORTED = {"ofport", "error"}

TUNNELS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "c"]),
        "bridge": st.sampled_from(["br0", "br1"]),
        "remote_ip": st.sampled_from(["198.18.0.12", "198.18.0.13"]),
    },
    optional={
        "state": st.sampled_from(["present", "present", "absent"]),
        "key": st.sampled_from(["1", "2"]),
        "ttl": st.just("9"),
        "tag": st.sampled_from([1, 2]),
        "dst_port": st.sampled_from([4790, 4791]),
        "extensions": st.just(["gbp"]),
        "protected": st.just(True),
        "bfd": st.just({"enable": True}),
        "external_ids": st.just({"x": "1"}),
        "adopt": st.booleans(),
    },
)
BRIDGES = st.fixed_dictionaries(
    {"name": st.sampled_from(["br0", "br1"])},
    optional={
        "fail_mode": st.sampled_from(["secure", "standalone"]),
        "mtu": st.sampled_from([1400, 1450]),
        "address": st.sampled_from([[], ["192.0.2.1/24"]]),
        "other_config": st.just({"x": "1"}),
        "state": st.sampled_from(["present", "present", "present", "absent"]),
    },
)
TASKS = st.fixed_dictionaries(
    {
        "tunnels": st.lists(TUNNELS, min_size=1, max_size=3, unique_by=lambda one: one["name"]),
        "purge": st.booleans(),
    },
    optional={"bridges": st.lists(BRIDGES, max_size=2, unique_by=lambda one: one["name"])},
)
# By other tools, on our things and beside them; what does not apply fails, and does not matter.
EDITS = [
    "ovs-vsctl --if-exists set interface a options:ttl=77",
    "ovs-vsctl --if-exists set interface b options:remote_ip=198.18.0.14",
    "ovs-vsctl --if-exists remove interface a options key",
    "ovs-vsctl --if-exists set interface c options:dst_port=4790",
    "ovs-vsctl --if-exists set interface a external_ids:theirs=1 bfd:enable=true",
    "ovs-vsctl --if-exists set port a tag=7 -- --if-exists clear interface b external_ids",
    "ovs-vsctl --if-exists del-port b",
    "ovs-vsctl --if-exists del-port c",
    "ovs-vsctl --if-exists set bridge br0 fail_mode=secure other_config:theirs=1",
    "ovs-vsctl add-port br0 c -- set interface c type=vxlan options:remote_ip=198.18.0.12",
    "ovs-vsctl --may-exist add-br br2 -- add-port br2 f -- set interface f type=vxlan "
    "options:remote_ip=198.18.0.12 options:key=2",
    "ovs-vsctl add-port br1 g -- set interface g type=internal external_ids:theirs=1",
    "ovs-vsctl --if-exists del-br br2",
    "ovs-vsctl --if-exists del-port g",
    "ovs-vsctl --if-exists del-br br1",
    "ip link set vxlan_sys_4789 down",
    "ip link delete vxlan_sys_4789",
    "ip link delete vxlan_sys_4790",
    "ip link delete vxlan_sys_4789; ip link add vxlan_sys_4789 type vxlan id 9 dstport 4789",
    "ip link add flannel.1 type vxlan id 1 dstport 4791 && ip link set flannel.1 up",
    "ip link delete flannel.1",
    "ip link set br0 down; ip address add 192.0.2.9/24 dev br0",
]


def _stable(configuration: dict[str, str]) -> dict[str, Any]:
    rows = {key: json.loads(text) for key, text in configuration.items()}
    return {
        key: {name: value for name, value in row.items() if name not in REPORTED}
        for key, row in rows.items()
    }


class TunnelWalk(SetWalk):
    """Of ovs_vxlan_tunnel."""

    def __init__(self) -> None:
        super().__init__()
        self.task = {"bridges": [{"name": "br0"}, {"name": "br1"}], "tunnels": []}

    @initialize()
    def start(self) -> None:
        """From a clean host with two bridges."""
        if self.walking:
            self.ovs.clean()
            self.take(self.check_run)

    @steps(TASKS, EDITS)
    def step(self, task: dict[str, Any] | None, edits: list[str]) -> None:
        """See SetWalk."""
        self.declare(task and {"wait_timeout": 60, **task}, edits)

    # -- the laws ------------------------------------------------------------------------------

    def check_run(self) -> None:
        """The laws."""
        before = self.ovs.configuration()
        foreseen = self._foreseen()
        assert _stable(self.ovs.configuration()) == _stable(before), "a dry run has written"
        done = self.ovs(**self.task)
        after = self.ovs.configuration()
        self.counts["runs"] += 1
        if done.get("failed"):
            self.counts["refused" if foreseen.get("failed") else "failed"] += 1
            self._after_failure(before, after, foreseen, done)
            return
        self.counts["actions"] += len(done["actions"])
        self.counts["repairs of devices"] += sum("device" in one for one in done["actions"])
        assert done["actions"] == foreseen["actions"]
        if "error:" not in f"{done['diff']} {foreseen['diff']}":
            assert done["diff"] == foreseen["diff"]
        assert self.ovs.apply(**self.task)["actions"] == []
        assert _stable(self.ovs.configuration()) == _stable(after), "it wrote for nothing"
        self._check_foreign(_stable(before), _stable(after))
        self._check_alive()

    def _foreseen(self) -> dict[str, Any]:
        """What a dry run says once ovs-vswitchd is done with what the edits made it do."""
        seen = [self.ovs(check=True, **self.task)]

        def twice_the_same() -> bool:
            seen.append(self.ovs(check=True, **self.task))
            return bool(seen[-1] == seen[-2])

        eventually(twice_the_same, "two dry runs see the same")
        return seen[-1]

    def _after_failure(
        self,
        before: dict[str, str],
        after: dict[str, str],
        foreseen: dict[str, Any],
        done: dict[str, Any],
    ) -> None:
        """The state as before; the dry run has said so, or nobody could know."""
        assert done["remedy"], done
        assert "leftovers" not in done, done
        if foreseen.get("failed"):
            assert foreseen["msg"] == done["msg"]
            assert _stable(after) == _stable(before)
        else:
            told = "a run would fail" in str(foreseen.get("warnings"))
            assert told or done.get("rolled_back"), (foreseen, done)
            assert settings_in(after) == settings_in(before)

    def _check_foreign(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Ports and interfaces that nobody declared and that do not carry our mark."""
        rows = [row for key, row in before.items() if key.startswith("Interface ")]
        ours = {row["name"] for row in rows if OURS in str(row["external_ids"])}
        ours |= {one["name"] for one in self.task["tunnels"]} | {"br0", "br1"}
        for key, row in before.items():
            if key.startswith(("Interface ", "Port ")) and row["name"] not in ours:
                self.counts["foreign rows"] += 1
                assert after.get(key) == row, row

    def _check_alive(self) -> None:
        """What iproute2 and ovs-vsctl say about every declared tunnel."""
        present = {
            one["name"]: one.get("dst_port", 4789)
            for one in self.task["tunnels"]
            if one.get("state") != "absent"
        }
        rows = self.ovs.rows("Interface")
        assert all(rows[name]["ofport"] > 0 for name in present)
        assert all(rows[name]["error"] == ["set", []] for name in present)
        links = self.ovs.sh("ip -o link show type vxlan").splitlines()
        for port in set(present.values()):
            (link,) = [line for line in links if f" vxlan_sys_{port}: " in line]
            assert "master ovs-system" in link
            assert "UP" in link.partition(">")[0]


def test_a_random_walk(ovs: Ovs) -> None:
    TunnelWalk.ovs = ovs
    assert walk(TunnelWalk)["actions"]
