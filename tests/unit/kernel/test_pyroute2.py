# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Five classes of pyroute2 are loaded and not the rest of it, where that is possible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.pyroute2 as loader

PROGRAM = f"""
import sys
sys.path[:0] = {{path!r}}
import importlib.util
spec = importlib.util.spec_from_file_location("loader", {loader.__file__!r})
loader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loader)
found = loader.classes()
print(None if found is None else [one.__name__ for one in found])
print("pyroute2" in sys.modules, len([n for n in sys.modules if n.startswith("pyroute2.")]) < 60)
"""
CLASSES = ["genlmsg", "nla", "ifaddrmsg", "ifinfmsg", "ndmsg"]


def load(*path: Path | str, isolated: bool = False) -> list[str]:
    """What a fresh process prints."""
    program = PROGRAM.format(path=list(map(str, path)))
    command = [sys.executable, *(["-S"] if isolated else []), "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_parts_without_the_whole() -> None:
    assert load() == [str(CLASSES), "False True"]


def test_the_whole_where_its_parts_need_it(tmp_path: Path) -> None:
    package = tmp_path / "pyroute2"
    (package / "netlink" / "rtnl").mkdir(parents=True)
    (package / "__init__.py").write_text("ready = True\n")
    (package / "netlink" / "__init__.py").write_text(
        "from pyroute2 import ready\nclass genlmsg: pass\nclass nla: pass\n"
    )
    (package / "netlink" / "rtnl" / "__init__.py").touch()
    for name in CLASSES[2:]:
        (package / "netlink" / "rtnl" / f"{name}.py").write_text(f"class {name}: pass\n")
    assert load(tmp_path) == [str(CLASSES), "True True"]


def test_no_pyroute2_at_all() -> None:
    assert load(isolated=True) == ["None", "False True"]
