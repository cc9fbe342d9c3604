"""The action mesh_report in a play of its own: exit status, files and messages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import record
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.model import Record
from tests.unit.report import meshes


def run(folder: Path, records: dict[str, Record], **options: object) -> tuple[int, str]:
    """A play whose hosts have registered these records; exit status and output."""
    mesh = meshes.fleet(3)
    hosts = {
        name: {"vxlan_mesh_looked": {"record": record.dump(seen), "at": 1764059400.0}}
        for name, seen in records.items()
    }
    (folder / "inventory.json").write_text(json.dumps({"vteps": {"hosts": hosts}}))
    task = {
        "name": "Merge",
        "tunnelmesh.ovs.mesh_report": {
            "plan": plan.dump(mesh),
            "hosts": "{{ ansible_play_hosts_all }}",
            **options,
        },
        "run_once": True,
    }
    play = {"name": "Report", "hosts": "vteps", "gather_facts": False, "tasks": [task]}
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    command = ["ansible-playbook", "-i", "inventory.json", "play.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def seen(*silent: str) -> dict[str, Record]:
    """Records of three hosts, of which the first does not reach some."""
    mesh = meshes.fleet(3)
    first = {"hv1": meshes.seen(mesh, "hv1", silent=silent)}
    return {name: first.get(name) or meshes.seen(mesh, name) for name in mesh.members}


def test_a_broken_pair_fails_the_play_after_all_files_are_written(tmp_path: Path) -> None:
    files = {"json": "a.json", "junit": "a.xml", "html": "a.html"}
    status, text = run(tmp_path, seen("hv2"), template=str(meshes.TEMPLATE), title="<b>", **files)
    assert status == 2, text
    assert "lab  hv1 - hv2  overlay_silent" in text
    assert "3 hosts, 3 pairs: 2 ok, 1 broken. Causes: overlay_silent on hv1" in text
    assert json.loads((tmp_path / "a.json").read_text())["at"] == "2025-11-25T08:30:00Z"
    assert 'type="overlay_silent"' in (tmp_path / "a.xml").read_text()
    assert "&lt;b&gt;</title>" in (tmp_path / "a.html").read_text()


def test_a_healthy_mesh_does_not(tmp_path: Path) -> None:
    status, text = run(tmp_path, seen())
    assert status == 0, text
    assert "3 hosts, 3 pairs: 3 ok" in text


def test_to_report_is_not_to_fail(tmp_path: Path) -> None:
    status, text = run(tmp_path, seen("hv2"), fail_when_broken=False)
    assert status == 0, text
    assert "overlay_silent" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"baseline": "gone.html"}, "the baseline gone.html cannot be read"),
        ({"baseline": "play.yml"}, "play.yml is no report of tunnelmesh.ovs"),
        ({"json": "no/such/folder.json"}, "no/such/folder.json cannot be written"),
        ({"html": "a.html"}, "option html needs option template"),
        ({"plan": "{}"}, "it does not start with"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    status, text = run(tmp_path, seen(), **options)
    assert status == 2, text
    assert message in text.replace("\n", " ")
