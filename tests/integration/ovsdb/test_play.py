"""The module as users call it: by ansible-playbook, with its files transferred by Ansible."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import collections_path
from tests.integration.harness import Lab
from tests.integration.ovsdb.hidden import SECRETS, TRACE
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
                    "remotes": ["198.18.0.12", "{{ second }}"],
                    "psk": "{{ psk }}",
                    "purge": True,
                },
            },
            {
                "name": "A list of tunnels",
                "tunnelmesh.ovs.ovs_vxlan_tunnel": {
                    "bridge": "br0",
                    "owner": "list",
                    "tunnels": [
                        {
                            "name": f"vx{index}",
                            "remote_ip": f"198.18.1.{index}",
                            "key": "{{ key }}",
                            name: f"{{{{ {name} }}}}",
                        }
                        for index, name in enumerate(SECRETS, 1)
                    ],
                },
                "when": "not ansible_check_mode",
            },
        ],
    }
]


def _play(lab: Lab, folder: Path, *arguments: str, **facts: Any) -> str:
    """Run the playbook; all that it printed."""
    (folder / "play.yml").write_text(yaml.safe_dump(PLAY))
    (folder / "hosts.yml").write_text(yaml.safe_dump(lab.inventory()))
    known = {**SECRETS, "key": 100, "second": "198.18.0.13", **facts}
    (folder / "facts.yml").write_text(yaml.safe_dump(known))
    command = ["ansible-playbook", "-i", "hosts.yml", "play.yml", "-e", "@facts.yml", "--diff"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path())},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_play_is_foreseen_idempotent_and_keeps_its_secrets(
    lab: Lab, ovs: Ovs, tmp_path: Path
) -> None:
    """With -vvv, in diffs and failures, with secrets that only the database still knows."""
    ovs.sh("journalctl --rotate -q; journalctl --vacuum-time=1s -q")
    dry = _play(lab, tmp_path, "--check", "-vvv")
    assert "changed=1" in dry, dry
    assert "+br0:" in dry
    assert "+  remote_ip: '198.18.0.12'" in dry
    assert ovs.bridges() == []
    first = _play(lab, tmp_path, "-vvv")
    assert "changed=2" in first, first
    assert len(ovs.ports("br0")) == 5
    options = [dict(row["options"][1]) for row in ovs.rows("Interface").values()]
    assert {name: value for one in options for name, value in one.items() if name in SECRETS} == (
        SECRETS
    )
    second = _play(lab, tmp_path)
    assert "changed=0" in second, second
    others = {name: f"other-{value}" for name, value in SECRETS.items()}
    third = _play(lab, tmp_path, "-vvv", **others)
    assert "changed=2" in third, third
    failed = _play(lab, tmp_path, "-vvv", **others, second="239.1.1.1")
    assert "failed=1" in failed, failed
    assert "remotes[1] (239.1.1.1)" in failed
    for shown in (dry, first, second, third, failed):
        assert TRACE not in shown
    _check_logs(ovs)


def _check_logs(ovs: Ovs) -> None:
    """What Ansible on the host, and Open vSwitch, have written."""
    log = ovs.sh("journalctl --no-pager -q; cat /var/log/openvswitch/*.log")
    assert log.count("Invoked with") >= 8, "Ansible has logged its invocations"
    assert "psk=NOT_LOGGING_PARAMETER" in log
    assert TRACE not in log
