"""The steps of the demonstration, in order, with what each expects."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from .stage import HOSTS, Stage

OVERLAY = {host: f"198.19.100.{index}" for index, host in enumerate(HOSTS, 11)}
UNDERLAY = {host: f"198.18.0.{index}" for index, host in enumerate(HOSTS, 11)}
MTU = 1450
BROKEN = "vtep2"


@dataclass(frozen=True)
class Step:
    """One step: what is shown and why, and how.

    :ivar clears: the step removes the mesh, so it is left out when the hosts are kept.
    """

    title: str
    text: str
    play: Callable[[Stage], None]
    clears: bool = False


def boot(stage: Stage) -> None:
    """Three kernels, each with its own modules and its own Open vSwitch."""
    stage.boot()
    for host in HOSTS:
        kernel = stage.must(host, "uname -r").strip()
        devices = [link["ifname"] for link in stage.data(host, "ip -j link")]
        stage.say(f"{host}: Linux {kernel}, devices {', '.join(devices)}")
        stage.expect(not {"dp-lab", "vx100"} & set(devices), f"{host} is not empty")


def dry_run(stage: Stage) -> None:
    """The plan against empty hosts."""
    stage.runs["dry"] = stage.playbook("mesh", "--check")
    stage.expect(stage.runs["dry"].hosts == set(HOSTS), "the dry run does not name every host")
    for host in HOSTS:
        there = stage.on(host, "ip link show dp-lab").returncode == 0
        stage.expect(not there, f"the dry run made a datapath on {host}")


def build(stage: Stage) -> None:
    """The run does what the dry run said, to the letter."""
    real = stage.playbook("mesh")
    stage.expect(real == stage.runs["dry"], "the run did something else than the dry run said")
    stage.say("The run did exactly what the dry run had announced.")


def ping_all(stage: Stage) -> None:
    """Every host to every other, at full size and one byte more."""
    for host in HOSTS:
        _ping(stage, host, *(peer for peer in HOSTS if peer != host))


def _ping(stage: Stage, host: str, *peers: str) -> None:
    """Full-size pings with don't-fragment from host to peers; one byte more must fail."""
    script = "".join(
        f"ping -q -c 1 -W 1 -M do -s {size} {OVERLAY[peer]} >/dev/null 2>&1; echo $?;"
        for peer in peers
        for size in (MTU - 28, MTU - 27)
    )
    codes = stage.must(host, script).split()
    for peer, fits, larger in zip(peers, codes[::2], codes[1::2], strict=True):
        stage.expect(fits == "0", f"{host} does not reach {peer} with {MTU} bytes")
        stage.expect(larger != "0", f"a packet of {MTU + 1} bytes passes from {host} to {peer}")
        stage.say(f"{host} -> {peer} ({OVERLAY[peer]}): {MTU} bytes pass, {MTU + 1} do not")


def again(stage: Stage) -> None:
    """Idempotence."""
    run = stage.playbook("mesh")
    stage.expect(not run.hosts, f"the second run changed {', '.join(sorted(run.hosts))}")


def damage(stage: Stage) -> None:
    """Behind everybody's back, in one kernel."""
    stage.must(BROKEN, "ovs-dpctl del-if dp-lab vx100", show=True)
    gone = UNDERLAY["vtep3"]
    stage.must(BROKEN, f"bridge fdb del 00:00:00:00:00:00 dev vx100 dst {gone}", show=True)
    ping = f"ping -c 1 -W 1 {OVERLAY[BROKEN]}"
    stage.expect(stage.on("vtep1", ping, show=True).returncode != 0, "the mesh still works")
    stage.say(f"no answer: {BROKEN} has left the mesh, and nothing on it complains")


def see_damage(stage: Stage) -> None:
    """The dry run names what drifted, on that host only."""
    stage.runs["drift"] = stage.playbook("mesh", "--check")
    stage.expect(stage.runs["drift"].hosts == {BROKEN}, "the dry run blames the wrong hosts")
    actions = stage.runs["drift"].actions(BROKEN)
    for wanted in (("link", "datapath"), ("change", "remotes")):
        stage.expect(wanted in actions, f"the dry run does not name {wanted}: {actions}")


def repair(stage: Stage) -> None:
    """And the run repairs it, in place."""
    before = stage.data(BROKEN, "ip -j link show vx100")[0]["ifindex"]
    run = stage.playbook("mesh")
    stage.expect(run == stage.runs["drift"], "the repair did something else than announced")
    after = stage.data(BROKEN, "ip -j link show vx100")[0]["ifindex"]
    stage.expect(before == after, "the device was made anew although it could be repaired")
    _ping(stage, "vtep1", BROKEN)


def show(stage: Stage) -> None:
    """The mesh as the kernels tell it."""
    row = "{:<7} {:<13} {:<9} {:<7} {:>5} {:>5}  {:<18} {}"
    stage.say(
        row.format("HOST", "ENDPOINT", "DATAPATH", "VXLAN", "VNI", "MTU", "OVERLAY", "FLOODS TO")
    )
    for host in HOSTS:
        [link] = stage.data(host, "ip -d -j link show vx100")
        [local] = stage.data(host, "ip -j address show dp-lab")
        vxlan = link["linkinfo"]["info_data"]
        floods = [
            entry["dst"]
            for entry in stage.data(host, "bridge -j fdb show dev vx100")
            if entry["mac"] == "00:00:00:00:00:00"
        ]
        inet = next(a for a in local["addr_info"] if a["family"] == "inet")
        stage.say(
            row.format(
                host,
                vxlan["local"],
                link["master"],
                link["ifname"],
                vxlan["id"],
                local["mtu"],
                f"{inet['local']}/{inet['prefixlen']}",
                " ".join(sorted(floods)),
            )
        )
        others = {UNDERLAY[peer] for peer in HOSTS if peer != host}
        stage.expect(set(floods) == others, f"{host} floods to {floods}")


def tear_down(stage: Stage) -> None:
    """No trace is left."""
    run = stage.playbook("teardown")
    stage.expect(run.hosts == set(HOSTS), "the teardown did not touch every host")
    for host in HOSTS:
        devices = [link["ifname"] for link in json.loads(stage.must(host, "ip -j link"))]
        left = stage.must(host, "find /etc /usr/local -name '*tunnelmesh*'").split()
        stage.expect(not {"dp-lab", "vx100"} & set(devices), f"{host} still has {devices}")
        stage.expect(not left, f"{host} still has {left}")
        stage.say(f"{host}: devices {', '.join(devices)}, files none")


STEPS = (
    Step(
        "Boot three hosts",
        "Each is a real Linux kernel of its own with systemd, sshd and Debian's Open vSwitch, "
        "run as an ordinary process. They share one network, the underlay.",
        boot,
    ),
    Step(
        "Ask what would be done",
        "A mesh is declared once, for all hosts. The plan of the whole mesh is worked out and "
        "proven before any host is touched. A dry run then compares it with every kernel.",
        dry_run,
    ),
    Step(
        "Build the mesh",
        "On every host a datapath of the kernel's Open vSwitch, a VXLAN port that floods to both "
        "peers, an overlay address, and a unit that restores all of it at boot. The playbook ends "
        "by proving that every peer is reached at full MTU.",
        build,
    ),
    Step(
        "Do not believe it: ping across",
        "With ping itself, at the largest size that fits (don't-fragment set) and one byte more, "
        "which has to fail: 1500 bytes of underlay less 50 of encapsulation are 1450.",
        ping_all,
    ),
    Step(
        "Run it again",
        "Nothing differs, so nothing may change.",
        again,
    ),
    Step(
        "Break one kernel behind its back",
        "As a careless hand or another program would: the VXLAN port is unlinked from the "
        "datapath, and a peer is dropped from its flood list.",
        damage,
    ),
    Step(
        "Ask what is wrong",
        "The dry run reads the live kernels and names what drifted, and where.",
        see_damage,
    ),
    Step(
        "Repair it",
        "Only what differs is changed, in place. The device is not made anew.",
        repair,
    ),
    Step("The mesh, as the kernels tell it", "Read with ip and bridge on every host.", show),
    Step(
        "Tear it down",
        "Everything that carries our mark goes, and nothing else.",
        tear_down,
        clears=True,
    ),
)
