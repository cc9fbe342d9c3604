# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No plugin starts a program or makes a file that others could get in between; no task a shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
MODULES = {"subprocess", "pty", "popen2", "commands", "multiprocessing", "pexpect"}
STARTERS = {
    *("system", "popen", "run_command", "get_bin_path", "fork", "forkpty", "posix_spawn"),
    *("posix_spawnp", "startfile", "eval", "exec"),
    *(f"exec{kind}" for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
    *(f"spawn{kind}" for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
}
# tempnam, mktemp: a name that somebody else may take before the file is made.
UNSAFE = {"mktemp", "tempnam", "tmpnam"}


def offences(source: str) -> Iterator[str]:
    """What starts a program, or makes a file by a guessed name, with its line."""
    for node in ast.walk(ast.parse(source)):
        names: set[str]
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            found = {(node.module or "").split(".")[0], *(alias.name for alias in node.names)}
            names = found & (MODULES | STARTERS | UNSAFE)
        elif isinstance(node, ast.Call):
            called = node.func
            name = str(getattr(called, "attr", None) or getattr(called, "id", ""))
            names = {name} & (STARTERS | UNSAFE)
            names |= {"shell" for word in node.keywords if word.arg == "shell"}
        else:
            continue
        for name in sorted(names):
            yield f"line {getattr(node, 'lineno', 0)}: {name}"


def test_no_plugin_starts_a_program() -> None:
    files = sorted(PLUGINS.rglob("*.py"))
    assert len(files) > 50
    found = {
        str(path.relative_to(PLUGINS)): list(offences(path.read_text(encoding="utf-8")))
        for path in files
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


def shells(content: object) -> Iterator[str]:
    """Tasks of a role or playbook that start a shell, by module or as a program."""
    if isinstance(content, list):
        for item in content:
            yield from shells(item)
    if isinstance(content, dict):
        module = {key.rpartition(".")[2] for key in content} & {"shell", "raw", "script", "expect"}
        words = str([content.get(f"{prefix}command") for prefix in ("", "ansible.builtin.")])
        if module or "/sh" in words or "bash" in words or "'sh'" in words:
            yield str(content.get("name"))
        for value in content.values():
            yield from shells(value)


def test_no_task_of_ours_starts_a_shell() -> None:
    files = sorted((ROOT / "playbooks").rglob("*.yml"))
    files += [path for kind in ("tasks", "handlers") for path in ROOT.glob(f"roles/*/{kind}/*.yml")]
    assert len(files) > 25
    found = {str(path): list(shells(yaml.safe_load(path.read_text()))) for path in files}
    assert {name: tasks for name, tasks in found.items() if tasks} == {}
    bad = [
        {"block": [{"name": "a", "ansible.builtin.shell": "x"}]},
        {"name": "b", "ansible.builtin.command": {"argv": ["/bin/sh", "-c", "x"]}},
        {"name": "c", "command": {"argv": ["sh", "-c", "x"]}},
    ]
    assert list(shells(bad)) == ["a", "b", "c"]
    assert not list(shells({"name": "d", "ansible.builtin.command": {"cmd": "modprobe vxlan"}}))


def test_the_test_sees_what_it_looks_for() -> None:
    bad = [
        *("import subprocess", "from os import system", "import os; os.execvp('x', [])"),
        *("module.run_command(['ip'])", "import tempfile; tempfile.mktemp()", "f(shell=True)"),
        *("import os.path, subprocess.x", "eval('1')", "from multiprocessing import Process"),
    ]
    assert [len(list(offences(source))) for source in bad] == [1] * len(bad)
    assert list(offences("import re; re.compile('x').match('y')")) == []
