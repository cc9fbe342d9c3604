"""Every verb of the lab on real kernels, two labs at a time, and nothing left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.integration.harness import ROOT
from tests.integration.kernel.witness import eventually
from tests.integration.lab.conftest import NOTHING, Words, devices

PEER = "198.18.0.12"
PING = "ping -q -c {} -i 0.2 -W 2 {} 2>&1 | tail -n 2"


def test_hosts_are_kernels_of_their_own(one: Words) -> None:
    boots = {one.sh(host, "cat /proc/sys/kernel/random/boot_id") for host in ("vtep1", "vtep2")}
    assert len(boots) == 2
    assert one.sh("vtep1", "systemctl is-active ssh openvswitch-switch").split() == ["active"] * 2
    assert one.sh("vtep1", "modprobe -a openvswitch vxlan && ls -d /sys/module/openvswitch")
    assert one.sh("vtep1", "ovs-vsctl show && python3 -c 'import pyroute2'")
    assert "0% packet loss" in one.sh("vtep1", PING.format(2, PEER))


def test_two_labs_side_by_side(one: Words, other: Words) -> None:
    """Same names and management addresses, and still nothing in common."""
    for lab, word in ((one, "first"), (other, "second")):
        lab("ssh", "vtep1", "--", f"echo {word} >/root/word")
    assert (one.sh("vtep1", "cat /root/word"), other.sh("vtep1", "cat /root/word")) == (
        "first",
        "second",
    )
    shown = other.sh("vtep1", "ip -o address show dev eth1; cat /sys/class/net/eth1/mtu")
    assert "fd00:198:18::11/64" in shown
    assert shown.endswith("9000")
    assert "underlay ipv6, mtu 9000" in other("status")
    assert "underlay ipv4, mtu 1500" in one("status")
    for lab, mine, theirs in ((one, 2, 1), (other, 1, 2)):
        assert lab.sh("vtep1", "hostname") == "vtep1"
        rows = [line for line in lab("status").splitlines() if line.startswith("vtep")]
        assert len(rows) == mine != theirs
        assert all(" on " in row for row in rows)


def test_a_host_keeps_its_disk_over_a_reboot(one: Words) -> None:
    before = one.sh("vtep2", "cat /proc/sys/kernel/random/boot_id")
    one("ssh", "vtep2", "--", "ovs-vsctl add-br kept && echo here >/root/kept && sync")
    one("reboot", "vtep2")
    assert one.sh("vtep2", "cat /proc/sys/kernel/random/boot_id") != before
    assert one.sh("vtep2", "cat /root/kept; ovs-vsctl list-br").split() == ["here", "kept"]
    one("kill", "vtep2")
    assert "off" in one("status", check=False)
    refused = one.run("ssh", "vtep2", "--", "true")
    assert refused.returncode
    assert "vtep2 is off: run `lab start vtep2" in refused.stderr
    one("start", "vtep2")
    assert one.sh("vtep2", "cat /root/kept; ovs-vsctl del-br kept") == "here"


def test_links_are_cut_delayed_and_mended(one: Words) -> None:
    one("link", "vtep2", "down")
    assert "100% packet loss" in one.sh("vtep1", PING.format(2, PEER))
    assert one.sh("vtep2", "hostname") == "vtep2", "SSH goes on"
    one("link", "vtep2", "up")
    eventually(lambda: " 0% packet loss" in one.sh("vtep1", PING.format(2, PEER)), "no answer")
    one("link", "vtep2", "delay", "80")
    fastest = float(one.sh("vtep1", PING.format(3, PEER)).split("= ")[1].split("/")[0])
    assert fastest >= 80
    one("link", "vtep2", "loss", "100")
    assert "100% packet loss" in one.sh("vtep1", PING.format(2, PEER))
    assert "delay 80ms loss 100%" in one("status")
    one("link", "vtep2", "up")
    eventually(lambda: " 0% packet loss" in one.sh("vtep1", PING.format(2, PEER)), "no answer")


@pytest.mark.parametrize("where", ["underlay", "vtep2"])
def test_a_capture_holds_the_packets(one: Words, tmp_path: Path, where: str) -> None:
    file = tmp_path / "seen.pcap"
    command = one.command("capture", where, str(file), "--", "-c", "2", "icmp")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as capture:
        eventually(file.exists, "the capture does not start")
        eventually(
            lambda: one.sh("vtep1", PING.format(1, PEER)) != "" and capture.poll() is not None,
            "the capture does not end after two packets",
        )
    text = subprocess.run(
        ["tcpdump", "-n", "-r", file], text=True, capture_output=True, check=True
    ).stdout
    assert f"198.18.0.11 > {PEER}: ICMP echo request" in text
    assert f"{PEER} > 198.18.0.11: ICMP echo reply" in text


def test_the_inventory_serves_ansible(one: Words, tmp_path: Path) -> None:
    """As a file, and as a script that Ansible calls."""
    file = tmp_path / "inventory.yml"
    file.write_text(one("inventory"), encoding="utf-8")
    group = yaml.safe_load(file.read_text(encoding="utf-8"))["vteps"]
    assert sorted(group["hosts"]) == ["vtep1", "vtep2"]
    script = ROOT / "tests/lab/inventory"
    for inventory in (file, script):
        done = subprocess.run(
            ["ansible", "-i", inventory, "vteps", "-o", "-a", "hostname"],
            text=True,
            capture_output=True,
            check=False,
            env={**os.environ, "TUNNELMESH_LAB": one.name},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "vtep1 | CHANGED" in done.stdout
        assert "vtep2 | CHANGED" in done.stdout
    hosts = json.loads(one("inventory", "--list"))["_meta"]["hostvars"]
    assert hosts["vtep2"]["vxlan_mesh_endpoint"] == PEER


def test_what_cannot_be_is_said(one: Words) -> None:
    for words, said in (
        (("up", "--underlay", "ipv6"), "is up with underlay ipv4"),
        (("ssh", "vtep9", "--", "true"), "has no vtep9: it has vtep1 to vtep2"),
        (("link", "vtep1", "delay"), "write: link HOST down | up | delay MILLISECONDS"),
        (("link", "vtep1", "loss", "101"), "loss 101: must be 0 to 100"),
    ):
        done = one.run(*words)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    done = Words("nowhere").run("status")
    assert "lab 'nowhere' is not up: run `lab up --name nowhere` first" in done.stderr
    nobody = ["setpriv", "--reuid", "65534", "--clear-groups", *one.command("status")]
    done = subprocess.run(nobody, text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert "the lab needs root" in done.stderr


def test_down_leaves_nothing_even_of_a_boot_that_was_killed() -> None:
    lab, before = Words(f"labtest-c{os.getpid() % 10000}"), devices()
    with subprocess.Popen(lab.command("up", "--hosts", "2"), start_new_session=True,
                          stderr=subprocess.DEVNULL) as boot:  # fmt: skip
        eventually(lambda: len(lab.pids()) > 2, "no guest is started")
        os.killpg(boot.pid, signal.SIGKILL)
    try:
        assert lab.left() != NOTHING
    finally:
        lab("down")
    assert lab.left() == NOTHING
    assert devices() == before
    assert "was not up" in lab("down")


def test_down_leaves_nothing_of_a_lab_whose_guests_died() -> None:
    lab, before = Words(f"labtest-d{os.getpid() % 10000}"), devices()
    lab("up", "--hosts", "1")
    assert lab.left()["namespace"]
    assert devices() == before, "no tap and no bridge on this machine itself"
    for pid in lab.pids():
        os.kill(pid, signal.SIGKILL)
    lab("down")
    assert lab.left() == NOTHING
    lab("up", "--hosts", "1")
    assert lab.sh("vtep1", "hostname") == "vtep1"
    lab("down")
    assert lab.left() == NOTHING
