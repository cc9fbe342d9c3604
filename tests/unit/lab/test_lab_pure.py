"""The parts of the lab that boot nothing: addresses, settings, inventory, recipe, paths."""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tmlab import addresses, cli, inventory, paths, processes, recipe, settings
from tmlab.errors import LabError
from tmlab.namespace import Namespace
from tmlab.ssh import Ssh

OPTIONS = ["-o", "ProxyCommand=nsenter --net=/run/netns/tmlab-x -- nc %h %p"]


def make(**changed: object) -> settings.Settings:
    given = {"hosts": 3, "underlay": "ipv4", "mtu": 1500, "memory": 384, "image": "/x/root.ext4"}
    return settings.Settings(**{**given, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("family", addresses.UNDERLAYS)
def test_every_host_has_its_own_addresses(family: str) -> None:
    hosts = addresses.hosts(addresses.MAX_HOSTS)
    for values in (
        {host.management for host in hosts},
        {host.underlay(family) for host in hosts},
        {host.overlay for host in hosts},
        {host.mac(network) for host in hosts for network in (0, 1)},
    ):
        assert len(values) in (len(hosts), 2 * len(hosts))
    underlay = {ipaddress.ip_interface(host.underlay_prefix(family)).network for host in hosts}
    assert len(underlay) == 1, "all on one link"
    gateway = ipaddress.ip_interface(addresses.GATEWAY)
    assert all(ipaddress.ip_address(host.management) in gateway.network for host in hosts)
    assert str(gateway.ip) not in {host.management for host in hosts}
    assert max(len(host.management_tap) for host in hosts) <= 15, "IFNAMSIZ"


def test_the_contract_of_the_first_host() -> None:
    host = addresses.parse_host("vtep1")
    assert host.underlay_prefix("ipv4") == "198.18.0.11/24"
    assert host.underlay_prefix("ipv6") == "fd00:198:18::11/64"
    assert host.overlay == "198.19.100.11/24"


@pytest.mark.parametrize("name", ["", "vtep", "vtep0", "vtep01", "vtep201", "vtep1 ", "host1", "1"])
def test_bad_host_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="bad host"):
        addresses.parse_host(name)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hosts": 0}, "--hosts 0: must be 1 to 200"),
        ({"hosts": 201}, "--hosts 201"),
        ({"underlay": "ipx"}, "--underlay ipx"),
        ({"mtu": 575}, "--mtu 575: must be 576"),
        ({"mtu": 1279, "underlay": "ipv6"}, "--mtu 1279: must be 1280"),
        ({"mtu": 65001}, "--mtu 65001"),
        ({"memory": 64}, "--mem 64"),
    ],
)
def test_settings_that_cannot_work_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(LabError, match=said):
        make(**changed)


def test_settings_survive_their_file(tmp_path: Path) -> None:
    wanted = make(underlay="ipv6", mtu=9000).with_link(addresses.Host(2), delay=30.0, loss=1.5)
    wanted.save(tmp_path / "lab.json")
    assert settings.load(tmp_path / "lab.json") == wanted
    assert settings.load(tmp_path / "none.json") is None


def test_a_damaged_settings_file_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "lab.json").write_text("{")
    with pytest.raises(LabError, match="lab down"):
        settings.load(tmp_path / "lab.json")


def test_impairments_add_up_and_zero_removes_one() -> None:
    host, other = addresses.Host(1), addresses.Host(2)
    both = make().with_link(host, delay=30.0).with_link(host, loss=2.5)
    assert both.netem(host) == ["limit", "20000", "delay", "30ms", "loss", "2.5%"]
    assert both.netem(other) == []
    assert both.with_link(host, delay=0.0).netem(host) == ["limit", "20000", "loss", "2.5%"]
    assert both.without_link(host).netem(host) == []


@pytest.mark.parametrize("family", addresses.UNDERLAYS)
def test_yaml_is_the_same_inventory_as_the_script(family: str) -> None:
    hosts = addresses.hosts(3)
    static = inventory.static(hosts, family, OPTIONS)
    assert yaml.safe_load(inventory.to_yaml(static)) == static
    dynamic = inventory.dynamic(hosts, family, OPTIONS)
    assert dynamic["_meta"]["hostvars"] == static["vteps"]["hosts"]
    assert dynamic["vteps"]["vars"] == static["vteps"]["vars"]
    assert dynamic["vteps"]["hosts"] == list(static["vteps"]["hosts"])


def test_the_inventory_keeps_its_contract() -> None:
    group = inventory.static(addresses.hosts(2), "ipv4", OPTIONS)["vteps"]
    assert group["hosts"]["vtep2"] == {
        "ansible_host": "198.19.254.12",
        "vxlan_mesh_endpoint": "198.18.0.12",
        "vxlan_mesh_addresses": {"lab": "198.19.100.12/24"},
    }
    assert group["vars"]["vxlan_mesh_segments"] == [{"name": "lab", "vni": 100}]
    assert group["vars"]["vxlan_mesh_underlay_device"] == "eth1"
    assert "'ProxyCommand=nsenter" in group["vars"]["ansible_ssh_args"], "one quoted word"


def test_ssh_gives_up_multiplexing_before_the_socket_path_is_too_long() -> None:
    def control_path(folder: str) -> str:
        state = Path(folder) / "lab" / "x"
        return Ssh(state, Namespace("x", state)).control_path()

    assert control_path("/cache") == "/cache/lab/x/c/%h"
    longest = control_path("/" + "d" * 64).replace("%h", "198.19.254.210")
    assert len(longest) + 18 < 108
    assert control_path("/" + "d" * 90) == "none"


def test_a_changed_guest_file_makes_another_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "GUEST_FILES", tmp_path)
    (tmp_path / "lab-init").write_text("one")
    first = recipe.digest("6.1")
    assert recipe.digest("6.1") == first
    assert recipe.digest("6.2") != first
    (tmp_path / "lab-init").write_text("two")
    assert recipe.digest("6.1") != first


@pytest.mark.parametrize("name", ["", "-x", "Lab", "a/b", "..", "x" * 33])
def test_bad_lab_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="bad lab name"):
        paths.state_dir(name)


def test_a_cache_folder_that_needs_quoting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNNELMESH_CACHE", "/tmp/a b")
    with pytest.raises(LabError, match="TUNNELMESH_CACHE"):
        paths.cache_dir()


@pytest.mark.parametrize("verb", [["status"], ["inventory"], ["ssh", "vtep1", "--", "true"]])
def test_a_lab_that_is_not_up_is_said_to_be_so(
    verb: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TUNNELMESH_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    words = [verb[0], "--name", "absent", *verb[1:]]
    assert cli.main(words) == 1
    assert "lab 'absent' is not up" in capsys.readouterr().err


def test_processes_are_found_by_whole_words_and_killed() -> None:
    mark = f"tmlab_state=/nowhere/{os.getpid()}"
    code = "import time; time.sleep(60)"
    children = [subprocess.Popen([sys.executable, "-c", code, word]) for word in (mark, mark + "0")]
    try:
        deadline = time.monotonic() + 10
        # A child is found only once it has executed its program.
        while processes.with_argument(mark) != [children[0].pid]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        processes.kill(lambda: processes.with_argument(mark))
        assert children[0].wait(10) == -signal.SIGKILL
        assert children[1].poll() is None
    finally:
        for child in children:
            child.kill()
            child.wait()
