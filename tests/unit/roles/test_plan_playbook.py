# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook plan: shows a mesh of hosts that do not exist, so it cannot have touched any."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import collections_path

# A task that needs a host fails.
UNREACHABLE = {"ansible_connection": "ssh", "ansible_ssh_executable": "/bin/false"}


def plan(folder: Path, **declared: Any) -> subprocess.CompletedProcess[str]:
    hosts = {
        f"hv{number}": {
            "vxlan_mesh_endpoint": f"192.0.2.{number}",
            "vxlan_mesh_addresses": {"lab": f"198.51.100.{number}/24"},
        }
        for number in (1, 2, 3)
    }
    variables = {**UNREACHABLE, "vxlan_mesh_segments": [{"name": "lab", "vni": 100, **declared}]}
    inventory = {"vteps": {"hosts": hosts, "vars": variables}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    return subprocess.run(
        ["ansible-playbook", "-i", "hosts.yml", "tunnelmesh.ovs.plan"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path())},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_plan_is_shown_as_table_and_graphs(tmp_path: Path) -> None:
    done = plan(tmp_path, topology="hub_spoke", hub="hv2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SEGMENT  VNI  TOPOLOGY" in done.stdout
    assert "198.51.100.3/24" in done.stdout
    assert "flowchart LR" in done.stdout
    assert "graph mesh {" in done.stdout
    assert "the underlay MTU of hv1, hv2, hv3 is not known, 1500 is assumed" in done.stdout


def test_a_plan_that_is_refused_says_why(tmp_path: Path) -> None:
    done = plan(tmp_path, topology="custom", links=[["hv1", "hv2"]])
    assert done.returncode != 0
    assert "a broadcast of hv1 never reaches hv3" in " ".join(done.stdout.split())
