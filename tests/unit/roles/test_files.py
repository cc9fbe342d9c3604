# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role vtep writes and installs, rendered by Ansible itself, for both families."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.conftest import collections_path
from tests.tools.ci.model import ROOT

# A module that claims to have found a host of some kind.
FACTS = """#!/usr/bin/python
import json, sys
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"facts": {"type": "dict"}}, supports_check_mode=True)
module.exit_json(ansible_facts=module.params["facts"])
"""
RESULT = {
    "files": "{{ vtep_common_files + vtep_firewall_files }}",
    "packages": "{{ vtep_wanted_packages[ansible_facts.os_family] }}",
    "service": "{{ vtep_families[ansible_facts.os_family].service }}",
    "wanted_service": "{{ vtep_wanted_service }}",
}
FOLDERS = ("/etc/systemd/system/multi-user.target.wants", "/etc/systemd/system")
CASES: dict[str, dict[str, Any]] = {
    "debian": {
        "facts": {"os_family": "Debian", "service_mgr": "systemd", "distribution": "Debian"},
    },
    "redhat": {
        "facts": {"os_family": "RedHat", "service_mgr": "systemd", "distribution": "Rocky"},
        "vtep_firewall": True,
        "vtep_mesh": {
            "start_daemons": True,
            "admitted": ["192.0.2.2", "192.0.2.1"],
            "dst_ports": [4789, 4790],
        },
    },
    "mixed": {
        "facts": {"os_family": "Debian", "service_mgr": "systemd", "distribution": "Ubuntu"},
        "vtep_firewall": True,
        "vtep_firewall_members": ["2001:db8::1", "192.0.2.9"],
        "vtep_unmanaged_devices": ["vx*", "br-own"],
        "vtep_service": "stopped",
        "vtep_mesh": {"start_daemons": True, "admitted": [], "dst_ports": [4789]},
    },
    "named": {
        "facts": {"os_family": "Debian", "service_mgr": "systemd", "distribution": "Debian"},
        "vxlan_mesh_bridge": "overlay0",
        "vxlan_mesh_segments": [
            {"name": "a", "vni": 1},
            {"name": "b", "vni": 2, "bridge": "tenants", "device": None},
            {"name": "c", "vni": 3, "bridge": "tenants", "tag": 3, "device": "storage"},
        ],
    },
    "alone": {
        "facts": {"os_family": "Debian", "service_mgr": "systemd", "distribution": "Debian"},
        "vtep_firewall": True,
        "vtep_mesh": {"start_daemons": False, "admitted": [], "dst_ports": [4789]},
    },
    "suse": {"facts": {"os_family": "Suse", "service_mgr": "systemd", "distribution": "openSUSE"}},
    "openrc": {"facts": {"os_family": "Debian", "service_mgr": "openrc", "distribution": "Devuan"}},
}


PLAY: list[dict[str, Any]] = [
    {
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "tasks": [
            {"claim": {"facts": "{{ facts }}"}},
            {"import_role": {"name": "tunnelmesh.ovs.vtep", "tasks_from": "family"}},
            {
                "copy": {
                    "content": "{{ result | to_json }}",
                    "dest": "{{ playbook_dir }}/{{ inventory_hostname }}.json",
                    "mode": "0644",
                },
                "vars": {"result": RESULT},
            },
        ],
    }
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """Case -> RESULT of the cases that were taken, and all that Ansible said."""
    folder = tmp_path_factory.mktemp("play")
    (folder / "library").mkdir()
    (folder / "library/claim.py").write_text(FACTS)
    (folder / "templates").symlink_to(ROOT / "roles/vtep/templates")
    (folder / "play.yml").write_text(yaml.safe_dump(PLAY, sort_keys=False))
    hosts = {"all": {"hosts": CASES, "vars": {"ansible_python_interpreter": sys.executable}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    done = subprocess.run(
        ["ansible-playbook", "-i", "hosts.yml", "play.yml"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path())},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr)
    results = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    return results, done.stdout + done.stderr


def file(rendered: tuple[dict[str, Any], str], case: str, path: str) -> str:
    files = rendered[0][case]["files"]
    [found] = [entry["content"] for entry in files if entry["path"].endswith(path)]
    return str(found)


def test_families_differ_in_names_only(rendered: tuple[dict[str, Any], str]) -> None:
    debian, redhat = rendered[0]["debian"], rendered[0]["redhat"]
    assert debian["packages"] == [
        "openvswitch-switch",
        "python3-pyroute2",
        "iproute2",
        "kmod",
        "procps",
    ]
    assert redhat["packages"] == [
        "openvswitch",
        "python3-pyroute2",
        "iproute",
        "kmod",
        "procps-ng",
        "nftables",  # its firewall is on
    ]
    assert (debian["service"], redhat["service"]) == ("openvswitch-switch", "openvswitch")


def test_other_families_are_refused_with_a_remedy(rendered: tuple[dict[str, Any], str]) -> None:
    results, said = rendered
    assert results.keys() == CASES.keys() - {"suse", "openrc"}
    text = " ".join(said.split())
    assert "suse runs openSUSE with systemd, but the role vtep knows the families" in text
    assert "openrc runs Devuan with openrc" in text
    assert "Remedy: prepare the host by yourself" in text


def test_daemons_are_started_where_the_mesh_needs_them(
    rendered: tuple[dict[str, Any], str],
) -> None:
    wanted = {case: result["wanted_service"] for case, result in rendered[0].items()}
    # What the user says comes first.
    started = {"redhat": "started", "mixed": "stopped"}
    assert wanted == {case: started.get(case, "auto") for case in wanted}


def test_kernel_modules_at_boot(rendered: tuple[dict[str, Any], str]) -> None:
    lines = file(rendered, "debian", "modules-load.d/tunnelmesh.conf").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["ipv6", "openvswitch", "vxlan"]


def test_only_the_version_that_counts_no_processors_waits_at_boot(
    rendered: tuple[dict[str, Any], str],
) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string(file(rendered, "debian", "system/tunnelmesh-vswitchd-wait.service"))
    assert unit["Unit"]["Before"] == "ovs-vswitchd.service"
    assert "grep -qwF 3.1.0" in unit["Service"]["ExecCondition"]
    link, content = (
        next(entry for entry in rendered[0]["debian"]["files"] if entry["path"] == path)
        for path in (f"{folder}/tunnelmesh-vswitchd-wait.service" for folder in FOLDERS)
    )
    assert link["target"] == content["path"]


def test_managers_are_told_the_same_devices(rendered: tuple[dict[str, Any], str]) -> None:
    manager = configparser.ConfigParser(delimiters=("+=",))
    manager.read_string(file(rendered, "mixed", "90-tunnelmesh.conf"))
    assert dict(manager["keyfile"]) == {
        "unmanaged-devices": "interface-name:vx*;interface-name:br-own"
    }
    network, link = configparser.ConfigParser(), configparser.ConfigParser()
    network.read_string(file(rendered, "mixed", "05-tunnelmesh.network"))
    assert network["Match"]["Name"] == "vx* br-own"
    assert network["Link"]["Unmanaged"] == "yes"
    link.read_string(file(rendered, "mixed", "05-tunnelmesh.link"))
    assert link["Match"]["OriginalName"] == "vx* br-own"
    assert link["Link"]["MACAddressPolicy"] == "none"
    folders = {entry["path"] for entry in rendered[0]["debian"]["files"] if entry.get("optional")}
    assert len(folders) == 3  # left out where the manager is not there


def test_networkmanager_gets_patterns_that_it_knows(rendered: tuple[dict[str, Any], str]) -> None:
    text = file(rendered, "debian", "90-tunnelmesh.conf")
    assert "=interface-name:vx?*;interface-name:vxlan_sys_*;" in text
    assert "[0-9]" not in text


def test_managers_follow_the_names_of_the_mesh(rendered: tuple[dict[str, Any], str]) -> None:
    def left_alone(case: str) -> list[str]:
        link = configparser.ConfigParser()
        link.read_string(file(rendered, case, "05-tunnelmesh.link"))
        return link["Match"]["OriginalName"].split()

    rules = ["vx[0-9]*", "vxlan_sys_*", "dp-*", "if-*", "ovs-system"]
    assert left_alone("debian") == [*rules, "br-mesh"]
    assert left_alone("named") == [*rules, "overlay0", "tenants", "storage"]


def test_firewall_follows_the_plan(rendered: tuple[dict[str, Any], str]) -> None:
    table = file(rendered, "redhat", "tunnelmesh-firewall.nft")
    assert "elements = { 192.0.2.1, 192.0.2.2 }" in table
    assert table.count("udp dport { 4789, 4790 }") == 2
    assert "policy accept" in table
    assert table.count("drop") == 2
    # Everything in it is about our own table.
    assert {line.split()[-1] for line in table.splitlines() if line.startswith("delete")} == {
        "tunnelmesh"
    }
    assert "flush" not in table


def test_firewall_by_hand_and_for_a_host_without_peers(
    rendered: tuple[dict[str, Any], str],
) -> None:
    mixed = file(rendered, "mixed", "tunnelmesh-firewall.nft")
    assert "elements = { 192.0.2.9 }" in mixed
    assert "elements = { 2001:db8::1 }" in mixed
    assert "elements" not in file(rendered, "alone", "tunnelmesh-firewall.nft")


def test_without_firewall_its_files_go(rendered: tuple[dict[str, Any], str]) -> None:
    files = {entry["path"]: entry for entry in rendered[0]["debian"]["files"]}
    gone = [path for path, entry in files.items() if entry.get("state") == "absent"]
    assert len(gone) == 3
    assert all("firewall" in path for path in gone)
