"""The examples of plugins and guides: playbooks that Ansible takes, with options that exist."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.plugin_docs import read_docstring

from tests.integration.docs.documents import DOCUMENTS
from tests.integration.docs.guide import File, read
from tests.tools.ci.model import ROOT

MODULES = sorted((ROOT / "plugins/modules").glob("*.py"))
FILTERS = sorted((ROOT / "plugins/filter").glob("*.yml"))
PREFIX = "tunnelmesh.ovs."
# The collection that the migration guide starts from; it is there when that guide is run.
FOREIGN = "openvswitch.openvswitch."


def documented(path: Path) -> dict[str, Any]:
    """Documentation of a plugin: keys ``doc`` and ``plainexamples`` among others."""
    if path.suffix == ".py":
        found: dict[str, Any] = read_docstring(str(path), verbose=False)
        return found
    sidecar = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"doc": sidecar["DOCUMENTATION"], "plainexamples": sidecar["EXAMPLES"]}


def plays_of(path: Path) -> list[dict[str, Any]]:
    """The examples of a plugin as one play."""
    tasks = yaml.safe_load(documented(path)["plainexamples"])
    return [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]


def guide_plays() -> Iterator[Any]:
    """The playbooks of the guides, each with an id, but those that need what we do not have."""
    for name, path in DOCUMENTS.items():
        for step in read(path):
            if not isinstance(step, File) or FOREIGN in step.text:
                continue
            if isinstance(content := yaml.safe_load(step.text), list):
                yield pytest.param(content, id=f"{name}-{step.name}")


def unknown_options(given: Any, options: dict[str, Any], where: str) -> Iterator[str]:
    """Options that are used and do not exist, by where they are used."""
    for item in given if isinstance(given, list) else [given]:
        if not isinstance(item, dict):
            continue  # a template, checked when it is run
        for key, value in item.items():
            if key not in options:
                yield f"{where}: {key}"
            elif "suboptions" in options[key]:
                yield from unknown_options(value, options[key]["suboptions"], f"{where}.{key}")


def check(plays: list[dict[str, Any]], folder: Path) -> None:
    """Ansible takes the plays, and our modules know all their options."""
    playbook = folder / "examples.yml"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    command = ["ansible-playbook", "--syntax-check", "-i", "localhost,", str(playbook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tasks = [task for play in plays for task in play.get("tasks", [])]
    wrong = [
        fault
        for task in tasks
        for name in task
        if name.startswith(PREFIX)
        for fault in unknown_options(task[name], module_options(name), name)
    ]
    assert not wrong


def module_options(name: str) -> dict[str, Any]:
    """The documented options of a module of ours, its fragments included."""
    options = dict(documented(ROOT / f"plugins/modules/{name.removeprefix(PREFIX)}.py")["doc"])
    fragment = options.get("extends_documentation_fragment") or []
    found: dict[str, Any] = options["options"]
    if fragment:
        from ansible_collections.tunnelmesh.ovs.plugins.doc_fragments import writing

        found = {**yaml.safe_load(writing.ModuleDocFragment.DOCUMENTATION)["options"], **found}
    return found


@pytest.mark.parametrize("path", [*MODULES, *FILTERS], ids=lambda path: path.stem)
def test_examples_of_a_plugin(path: Path, tmp_path: Path) -> None:
    check(plays_of(path), tmp_path)


@pytest.mark.parametrize("plays", list(guide_plays()))
def test_playbooks_of_a_guide(plays: list[dict[str, Any]], tmp_path: Path) -> None:
    check(plays, tmp_path)


def test_an_option_that_does_not_exist_is_noticed(tmp_path: Path) -> None:
    task = {"name": "Typo", "tunnelmesh.ovs.ovs_vxlan_port": {"ports": [{"nmae": "vx1"}]}}
    with pytest.raises(AssertionError, match="ports: nmae"):
        check([{"name": "Typo", "hosts": "localhost", "tasks": [task]}], tmp_path)
