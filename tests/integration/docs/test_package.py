"""The tarball: what is in it, and that everything in it is found without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path

from tests.tools.ci.model import ROOT

# All that may be at the top of the tarball.
TOP = {
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "SECURITY.md",
    "bindep.txt",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}
PLUGINS = {"module": "modules/*.py", "filter": "filter/*.yml"}


def ansible(tool: str, *arguments: str, collections: Path) -> str:
    """What a tool of Ansible prints that knows only these collections."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    done = subprocess.run(
        [tool, *arguments],
        env=environment,
        cwd=collections,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tarball_holds_what_users_need_and_no_more(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert {name.partition("/")[0] for name in names} <= TOP
    for folder in ("plugins", "roles", "playbooks", "meta"):
        ours = {
            str(path.relative_to(ROOT))
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert ours <= set(names), folder
    assert not [name for name in names if name.endswith((".pyc", ".tar.gz"))]


def test_every_plugin_role_and_playbook_is_found_in_the_installed_collection(
    installed: Path,
) -> None:
    listed = json.loads(
        ansible("ansible-galaxy", "collection", "list", "--format", "json", collections=installed)
    )
    # What ansible-core itself brings along is not ours to judge.
    found = {name for names in listed.values() for name in names}
    assert {name for name in found if not name.startswith("ansible.")} == {"tunnelmesh.ovs"}
    for kind, pattern in PLUGINS.items():
        expected = {f"tunnelmesh.ovs.{path.stem}" for path in (ROOT / "plugins").glob(pattern)}
        words = ("--json", "--type", kind, *sorted(expected))
        shown = json.loads(ansible("ansible-doc", *words, collections=installed))
        assert {name for name, text in shown.items() if text.get("doc")} == expected
    for role in (ROOT / "roles").iterdir():
        text = ansible(
            "ansible-doc", "--type", "role", f"tunnelmesh.ovs.{role.name}", collections=installed
        )
        assert f"{role.name}_" in text
    for playbook in (ROOT / "playbooks").glob("*.yml"):
        words = ("-i", "localhost,", "--syntax-check", f"tunnelmesh.ovs.{playbook.stem}")
        ansible("ansible-playbook", *words, collections=installed)
