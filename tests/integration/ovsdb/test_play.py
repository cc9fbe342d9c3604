"""The module as users call it: by ansible-playbook, with its files transferred by Ansible."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import collections_path
from tests.integration.harness import Lab
from tests.integration.ovsdb.witness import Ovs

PLAY: list[dict[str, Any]] = [
    {
        "hosts": "vtep1",
        "gather_facts": False,
        "tasks": [
            {
                "name": "A bridge with two tunnels",
                "tunnelmesh.ovs.ovs_vxlan_tunnel": {
                    "bridges": [{"name": "br0", "mtu": 1450}],
                    "bridge": "br0",
                    "key": 100,
                    "remotes": ["198.18.0.12", "198.18.0.13"],
                    "psk": "{{ secret }}",
                    "purge": True,
                },
            }
        ],
    }
]
JUNK = ["dst_port: abc", "csum: maybe", "vni: 7", "key: banana", "ttl: xyz", "tos: 3"]


def _play(lab: Lab, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "play.yml").write_text(yaml.safe_dump(PLAY))
    (folder / "hosts.yml").write_text(yaml.safe_dump(lab.inventory()))
    command = ["ansible-playbook", "-i", "hosts.yml", "play.yml", "-e", "secret=swordfish-7"]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path())},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_check_diff_run_and_second_run(lab: Lab, ovs: Ovs, tmp_path: Path) -> None:
    dry = _play(lab, tmp_path, "--check", "--diff")
    assert "changed=1" in dry.stdout, dry.stdout + dry.stderr
    assert "+br0:" in dry.stdout
    assert "+  remote_ip: '198.18.0.12'" in dry.stdout
    assert ovs.bridges() == []
    first = _play(lab, tmp_path, "--diff", "-vvv")
    assert "changed=1" in first.stdout, first.stdout + first.stderr
    assert len(ovs.ports("br0")) == 2
    second = _play(lab, tmp_path, "--diff")
    assert "changed=0" in second.stdout, second.stdout + second.stderr
    for done in (dry, first, second):
        assert "swordfish" not in done.stdout + done.stderr


def test_junk_is_refused_and_touches_nothing(ovs: Ovs) -> None:
    """Types and names are refused by the argument spec, values by the module."""
    base = {"name": "vx", "bridge": "br0", "remote_ip": "198.18.0.12"}
    before = ovs.configuration()
    accepted = []
    for line in JUNK:
        result = ovs(bridges=[{"name": "br0"}], **{**base, **yaml.safe_load(line)})
        if not result.get("failed") or not result["msg"]:
            accepted.append(line)
    assert accepted == []
    assert ovs.configuration() == before
