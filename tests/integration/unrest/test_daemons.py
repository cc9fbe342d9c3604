"""Daemons die, stop and restart in the middle of a run, the disk is full, the plug is pulled.

The run ends in success or in an error in words; the next one, undisturbed, converges; the tunnel
that was there before goes on carrying packets, and the lost ones are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.harness import Lab, Target
from tests.integration.ovsdb.conftest import BRIDGE, Peer
from tests.integration.ovsdb.witness import GONE, RUN, Ovs, eventually
from tests.integration.unrest.rounds import ROUNDS

TUNNELS: list[dict[str, Any]] = [
    {"name": "vxa", "bridge": "br0", "remote_ip": "198.18.0.12", "key": "100"},
    {"name": "vxb", "bridge": "br0", "remote_ip": "198.18.0.13", "key": "5", "dst_port": 4790},
    {"name": "vxc", "bridge": "br0", "remote_ip": "198.18.0.14", "key": "5"},
]
NAMES = [one["name"] for one in TUNNELS]
WANTED: dict[str, Any] = {"bridges": [BRIDGE], "tunnels": TUNNELS, "wait_timeout": 30}
# Before the change is sent, and while ovs-vswitchd is waited for.
TRANSACT, CONFIRM = "database transact", "database monitor"
KILL = f"kill -KILL $(cat {RUN}/{{0}}.pid)"
PAUSE = (
    f"p=$(cat {RUN}/{{0}}.pid); kill -STOP $p; "
    "setsid sh -c 'sleep 2; kill -CONT '$p >/dev/null 2>&1 &"
)
RESTART = "systemctl reset-failed {0}; systemctl restart {0}"
SWITCH, SERVER = "ovs-vswitchd", "ovsdb-server"
ALL = f"openvswitch-switch {SERVER} {SWITCH}"
# Name: the point that it happens at, and what happens. The last ones are left to `make soak`.
FAULTS = {
    "ovs-vswitchd is killed before the change": (TRANSACT, KILL.format(SWITCH)),
    "ovs-vswitchd is stopped for two seconds": (TRANSACT, PAUSE.format(SWITCH)),
    "ovs-vswitchd restarts while it is waited for": (CONFIRM, RESTART.format(SWITCH)),
    "ovsdb-server is killed before the change": (TRANSACT, KILL.format(SERVER)),
    "ovsdb-server restarts while ovs-vswitchd is waited for": (CONFIRM, RESTART.format(SERVER)),
    "both restart": (CONFIRM, RESTART.format(ALL)),
}
MORE_FAULTS = {
    "ovs-vswitchd is killed while it is waited for": (CONFIRM, KILL.format(SWITCH)),
    "ovs-vswitchd restarts before the change": (TRANSACT, RESTART.format(SWITCH)),
    "ovsdb-server restarts before the change": (TRANSACT, RESTART.format(SERVER)),
    "ovsdb-server is stopped for two seconds": (CONFIRM, PAUSE.format(SERVER)),
}
if ROUNDS > 1:
    FAULTS |= MORE_FAULTS


# Killed, they are brought back by systemd, one after the other and both: that takes its time.
CALM = f"""
systemctl list-jobs | grep -q 'No jobs' && systemctl -q is-active ovs-vswitchd ovsdb-server &&
kill -0 $(cat {RUN}/ovs-vswitchd.pid) $(cat {RUN}/ovsdb-server.pid) && echo calm
"""


@pytest.fixture
def calm(vtep1: Target) -> Iterator[None]:
    """Before and after, the daemons run and nobody is about to start or to stop them."""
    wait_until_calm(vtep1)
    yield
    wait_until_calm(vtep1)


def wait_until_calm(target: Target) -> None:
    """See CALM."""
    eventually(lambda: target.sh(f"({CALM}) 2>/dev/null", check=False), "the daemons run")


@pytest.fixture
def steady(calm: None, alive: Ovs) -> Ovs:  # noqa: ARG001 - its place in the order
    """A host with a working tunnel, and daemons that stay for the time being."""
    return alive


@contextmanager
def stream(ovs: Ovs, peer: Peer, what: str) -> Iterator[None]:
    """Twenty packets a second over the tunnel that was there before; says how many were lost.

    It carries them before what happens in between, and at the end.
    """
    log = "/tmp/tunnelmesh-stream"
    pid = ovs.sh(f"nohup ping -i 0.05 {peer.overlay} >{log} 2>&1 & echo $!").strip()

    def answers() -> int:
        return int(ovs.sh(f"grep -c icmp_seq= {log}", check=False))

    try:
        eventually(answers, "the tunnel carries packets before")
        yield
        so_far = answers()
        eventually(lambda: answers() > so_far, "it carries packets at the end")
    finally:
        text = ovs.sh(f"kill -INT {pid}; {GONE.format(pid=pid)}; cat {log}")
        sent, received = map(int, re.findall(r"(\d+) packets transmitted, (\d+) received", text)[0])
        print(f"{what}: {sent - received} of {sent} packets lost")


def converges(ovs: Ovs, peer: Peer) -> None:
    """The next run brings everything about, and after it there is nothing left to do."""
    eventually(lambda: not ovs(**WANTED).get("failed"), "an undisturbed run succeeds")
    assert ovs.apply(**WANTED)["actions"] == []
    assert set(NAMES) <= set(ovs.ports("br0"))
    rows = ovs.rows("Interface")
    assert all(rows[name]["ofport"] > 0 for name in NAMES)
    assert ovs.udp_open(4789)
    assert ovs.udp_open(4790)
    eventually(lambda: ovs.pings(peer.overlay), "the overlay answers")


def check_failure(before: dict[str, Any], after: dict[str, Any], result: dict[str, Any]) -> None:
    """In words, with what to do; what is not as before is named."""
    assert result["remedy"], result
    left = " ".join(result.get("leftovers", ()))
    changed = {key.split()[1] for key in {*before, *after} if before.get(key) != after.get(key)}
    assert all(name in left for name in changed), (changed, result)


@pytest.mark.parametrize("what", FAULTS)
def test_in_the_middle_of_a_run(steady: Ovs, peer: Peer, what: str) -> None:
    point, script = FAULTS[what]
    before = steady.settings()
    sabotage = {"point": point, "how": "script", "script": script}
    with stream(steady, peer, what):
        result = steady.target.run.spoiled("ovs_vxlan_tunnel", {"sabotage": sabotage}, **WANTED)
        if result.get("failed"):
            eventually(lambda: steady.sh("ovs-vsctl --timeout=5 show", check=False), "it is back")
            check_failure(before, steady.settings(), result)
        print(f"\n  the run: {result.get('msg', 'succeeds')}")
        converges(steady, peer)


def test_another_process_takes_the_lock_of_ovs_vswitchd(steady: Ovs, peer: Peer) -> None:
    before = steady.settings()
    thief = "ovsdb-client --timeout=600 steal ovs_vswitchd"
    # Without its lock ovs-vswitchd lets go of all bridges, and later makes their devices anew:
    # nothing is carried until the next run has given them their addresses.
    with stream(steady, peer, "the lock of ovs-vswitchd is taken"):
        steady.sh(f"nohup {thief} >/tmp/thief 2>&1 & echo $! >/tmp/thief.pid")
        try:
            eventually(lambda: "locked" in steady.sh("cat /tmp/thief"), "the lock is stolen")
            result = steady(**{**WANTED, "wait_timeout": 3})
        finally:
            steady.sh("kill $(cat /tmp/thief.pid)")
        assert result.get("failed"), result
        assert "did not confirm it within 3 s" in result["msg"], result
        check_failure(before, steady.settings(), result)
        converges(steady, peer)


# More than the rest of a page of the small disk has room for.
MANY = [{"name": f"vx{i}", "bridge": "br0", "remote_ip": f"198.18.1.{i}"} for i in range(1, 60)]


@contextmanager
def small_disk(ovs: Ovs) -> Iterator[str]:
    """The database moves to a file system of a megabyte; the file that can fill it."""
    folder = ovs.sh("dirname $(readlink -f /etc/openvswitch/conf.db)").strip()
    stop, start = (f"systemctl {verb} {ALL}" for verb in ("stop", "start"))
    ovs.sh(
        f"{stop}; cp -a {folder} /tmp/db && mount -t tmpfs -o size=1m none {folder} && "
        f"cp -a /tmp/db/. {folder}/ && {start}"
    )
    try:
        yield f"{folder}/filler"
    finally:
        ovs.sh(f"{stop}; umount {folder}; rm -rf /tmp/db; {start}")


def test_the_disk_of_the_database_is_full(steady: Ovs, peer: Peer) -> None:
    with small_disk(steady) as filler:
        before = steady.settings()
        wanted = {**WANTED, "tunnels": [*TUNNELS, *MANY], "wait_timeout": 5}
        with stream(steady, peer, "full disk"):
            steady.sh(f"dd if=/dev/zero of={filler} bs=512 2>/dev/null", check=False)
            result = steady(**wanted)
            print(f"\n  the run: {result.get('msg')}")
            assert result.get("failed"), result
            steady.sh(f"rm {filler}")
            check_failure(before, steady.settings(), result)
            converges(steady, peer)
    steady.stage = None


def test_the_plug_is_pulled_in_the_middle(lab: Lab) -> None:
    """Right after the transaction; the disk survives, and the next run completes the rest."""
    marker = "/run/tunnelmesh-plug"
    wanted = {**WANTED, "tunnels": [{**one, "remote_ip": "198.18.0.11"} for one in TUNNELS[1:]]}
    target = Target(lab, "vtep2")
    ovs = Ovs(target)
    ovs.clean()
    sabotage = {"point": CONFIRM, "how": "script", "script": f"touch {marker}; sleep 600"}
    target.run.begin("ovs_vxlan_tunnel", {"sabotage": sabotage}, **wanted)
    eventually(lambda: ovs.sh(f"ls {marker}", check=False), "the run is in the middle")
    lab.kill("vtep2")
    target.abandon()
    lab.start("vtep2")
    again = Target(lab, "vtep2")
    try:
        ovs = Ovs(again)
        result = ovs.apply(**wanted)
        print(f"after the power cut: {[entry['action'] for entry in result['actions']]}")
        assert ovs.apply(**wanted)["actions"] == []
        assert ovs.ports("br0") == ["vxb", "vxc"]
        link = again.link("br0")
        assert link is not None
        assert "UP" in link["flags"]
        ovs.clean()
    finally:
        again.close()
