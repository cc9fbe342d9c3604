"""Random walks on a real kernel: declared sets, hand edits and foreign devices in any order.

After each run the two laws hold: what was declared is there and a second run does nothing, or the
run has failed in words and all is as before. The dry run has foretold every action and the whole
difference, and what is not ours is untouched.
"""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.integration.harness import Target
from tests.integration.kernel.host import DATAPATH, PORT, Host
from tests.integration.ovsdb.witness import Ovs
from tests.integration.unrest.walking import Walk, walk

NAMES, DATAPATHS = ("a", "b", "c"), ("lab0", "lab1")
PEERS = ("198.18.0.12", "198.18.0.13")
OTHERS = ("hand", "hand0", "eth0", "eth1", "lo")
PORTS = st.fixed_dictionaries(
    {},
    optional={
        "vni": st.sampled_from([1, 2, 3]),
        "state": st.sampled_from(["present", "present", "detached", "absent"]),
        "datapath": st.sampled_from([*DATAPATHS, "lab0"]),
        "remotes": st.lists(st.sampled_from(PEERS), unique=True, max_size=2),
        "dst_port": st.sampled_from([4789, 4790]),
        "port_no": st.sampled_from([5, 6, 7]),
        "ttl": st.sampled_from(["9", "inherit"]),
        "mtu": st.sampled_from(["1300", "auto"]),
        "udp_csum": st.booleans(),
        "adopt": st.sampled_from([False, False, True]),
        "mac_address": st.sampled_from(["02:00:00:00:00:01", "02:00:00:00:00:02"]),
    },
)
LOCALS = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["present", "present", "absent"]),
        "mtu": st.sampled_from([1300, 1400]),
        "address": st.lists(st.sampled_from(["198.19.1.1/24", "198.19.2.1/24"]), unique=True),
        "connect": st.sampled_from([[], [[0, 1]], [[0, 5]], [[1, 2]]]),
    },
)
# What somebody does by hand, to ours and to others; it may well find nothing to do it to.
EDITS = (
    "ip link set dev {name} down",
    "ip link set dev {name} up",
    "ip link del dev {name}",
    "ip link set dev {name} mtu 1280",
    "ip link set dev {name} alias other",
    "ip link set dev {name} type vxlan id {vni} ttl 3",
    "bridge fdb append 00:00:00:00:00:00 dev {name} dst 198.18.0.14",
    "bridge fdb del 00:00:00:00:00:00 dev {name} dst 198.18.0.12",
    "ovs-dpctl del-if {dp} {name}",
    "ovs-dpctl add-if {dp} {name}",
    "ovs-dpctl add-dp {dp}",
    "ovs-dpctl del-dp {dp}",
    "ip link set dev {dp} down",
    "ip address add 198.19.3.1/24 dev {dp}",
    "ip link add {name} type vxlan id {vni} dstport 4789 up",
    "ip link add {name} type dummy",
)
FOREIGN = (
    "ip link add hand type vxlan id {vni} dstport 4790 && ip link set hand up",
    "ip link add hand type dummy",
    "ovs-dpctl add-if {dp} hand",
    "ovs-dpctl add-dp hand0",
    "ip link del hand",
    "ovs-dpctl del-dp hand0",
)


class KernelWalk(Walk):
    """Of ovs_vxlan_port and ovs_datapath."""

    host: ClassVar[Host]

    @initialize()
    def start(self) -> None:
        """An empty host, with both datapaths."""
        if self.walking:
            self.host.clean()
            self.host.datapath(*DATAPATHS)

    def declare(self, module: str, **args: Any) -> None:
        """Dry run, run, run again."""
        if self.walking:
            self.take(lambda: self.check_run(module, args))

    def check_run(self, module: str, args: dict[str, Any]) -> None:
        """The laws."""
        run = self.host.target.run
        before = self.host.look(flows=True)
        foretold = run(module, check=True, **args)
        assert self.host.look(flows=True) == before, "a dry run touches nothing"
        result = run(module, **args)
        after = self.host.look(flows=True)
        self.counts["runs"] += 1
        if result.get("failed"):
            self.counts["refused" if foretold.get("failed") else "undone"] += 1
            assert result["msg"], result
            if foretold.get("failed"):
                assert foretold["msg"] == result["msg"]
            if "leftovers" not in result:
                assert after.without_identity() == before.without_identity(), result
            return
        assert not foretold.get("failed"), (foretold, result)
        for key in ("changed", "actions", "diff"):
            assert foretold[key] == result[key], key
        self.counts["actions"] += len(result["actions"])
        again = run(module, **args)
        assert again.get("actions") == [], again
        assert after.only(*OTHERS) == before.only(*OTHERS), result["actions"]

    @rule(
        names=st.lists(st.sampled_from(NAMES), unique=True, max_size=3),
        data=st.data(),
        purge=st.booleans(),
        recreate=st.sampled_from(["auto", "auto", "never"]),
    )
    def ports(self, names: list[str], data: st.DataObject, purge: bool, recreate: str) -> None:
        """A set of ports is declared."""
        # Mostly with a VNI that no other has: clashes are refused, and are not all there is.
        ports = [
            {"name": name, "datapath": "lab0", "vni": NAMES.index(name) + 1, **data.draw(PORTS)}
            for name in names
        ]
        for port in ports:
            if port.get("state") == "absent":
                port.pop("vni")
        args = {"recreate": recreate} if recreate == "never" else {}
        self.declare(PORT, ports=ports, purge=purge, **args)

    @rule(
        names=st.lists(st.sampled_from(DATAPATHS), unique=True, max_size=2),
        data=st.data(),
    )
    def datapaths(self, names: list[str], data: st.DataObject) -> None:
        """A set of datapaths is declared."""
        self.declare(DATAPATH, datapaths=[{"name": name, **data.draw(LOCALS)} for name in names])

    @rule(
        script=st.sampled_from(EDITS + FOREIGN),
        name=st.sampled_from(NAMES),
        dp=st.sampled_from(DATAPATHS),
        vni=st.sampled_from([1, 2, 3]),
    )
    def by_hand(self, script: str, name: str, dp: str, vni: int) -> None:
        """Somebody edits something by hand."""
        if not self.walking:
            return
        self.counts["edits"] += 1
        self.host.sh(script.format(name=name, dp=dp, vni=vni) + " 2>/dev/null", check=False)


def test_a_random_walk(vtep1: Target) -> None:
    Ovs(vtep1).clean()
    KernelWalk.host = Host(vtep1)
    try:
        assert walk(KernelWalk)["actions"]
    finally:
        KernelWalk.host.clean()
