"""The examples of plugins and guides: playbooks that Ansible takes, with options that exist."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib import import_module
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
FRAGMENTS = "ansible_collections.tunnelmesh.ovs.plugins.doc_fragments"
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


def guide_plays() -> dict[str, list[dict[str, Any]]]:
    """The playbooks of the guides by name, but those that need what we do not have."""
    found = {}
    for name, path in DOCUMENTS.items():
        for step in read(path):
            if not isinstance(step, File) or FOREIGN in step.text:
                continue
            if isinstance(content := yaml.safe_load(step.text), list):
                found[f"{name}-{Path(step.name).stem}"] = content
    return found


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


def taken_by_ansible(named: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """Ansible takes the plays; all in one run, since its start takes a second."""
    for name, plays in named.items():
        text = yaml.safe_dump(plays, sort_keys=False)
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    command = ["ansible-playbook", "--syntax-check", "-i", "localhost,"]
    done = subprocess.run(
        [*command, *(f"{name}.yml" for name in named)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def check(plays: list[dict[str, Any]]) -> None:
    """Our modules know all their options."""
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
    doc = documented(ROOT / f"plugins/modules/{name.removeprefix(PREFIX)}.py")["doc"]
    found: dict[str, Any] = {}
    for fragment in doc.get("extends_documentation_fragment") or []:
        file, _, part = fragment.removeprefix(PREFIX).partition(".")
        shared = import_module(f"{FRAGMENTS}.{file}").ModuleDocFragment
        text = getattr(shared, part.upper() or "DOCUMENTATION")
        found.update(yaml.safe_load(text).get("options") or {})
    return {**found, **doc["options"]}


@pytest.mark.parametrize("path", [*MODULES, *FILTERS], ids=lambda path: path.stem)
def test_options_in_the_examples_of_a_plugin(path: Path) -> None:
    check(plays_of(path))


@pytest.mark.parametrize("plays", guide_plays().values(), ids=guide_plays())
def test_options_in_the_playbooks_of_a_guide(plays: list[dict[str, Any]]) -> None:
    check(plays)


def test_ansible_takes_all_examples(tmp_path: Path) -> None:
    plugins = {path.stem: plays_of(path) for path in [*MODULES, *FILTERS]}
    taken_by_ansible({**plugins, **guide_plays()}, tmp_path)


def test_what_ansible_does_not_take_is_noticed(tmp_path: Path) -> None:
    plays = [{"hosts": "localhost", "tasks": [{"tunnelmesh.ovs.no_such_module": {}}]}]
    with pytest.raises(AssertionError, match="no_such_module"):
        taken_by_ansible({"wrong": plays}, tmp_path)


def test_an_option_that_does_not_exist_is_noticed() -> None:
    task = {"name": "Typo", "tunnelmesh.ovs.ovs_vxlan_port": {"ports": [{"nmae": "vx1"}]}}
    with pytest.raises(AssertionError, match="ports: nmae"):
        check([{"name": "Typo", "hosts": "localhost", "tasks": [task]}])
