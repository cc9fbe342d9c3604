"""ARCHITECTURE.md says who may import whom; the imports agree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.ci.model import ROOT

UTILS = "plugins/module_utils/"
ABSOLUTE = "ansible_collections.tunnelmesh.ovs.plugins.module_utils."


def allowed() -> dict[str, frozenset[str]]:
    """Unit (folder or file of module_utils, or another folder) -> the units it may import."""
    table = {}
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or not cells[0].startswith("`plugins/"):
            continue
        words = frozenset(re.findall(r"\w+", re.sub(r"\(.*?\)|nothing of ours", "", cells[2])))
        units = re.findall(r"`([^`]+)`", cells[0])
        together = {unit_of(unit) for unit in units} if len(units) > 1 else set()
        for unit in units:
            table[unit_of(unit)] = words | together
    return table


def unit_of(path: str) -> str:
    """Name of a folder or file as the table and the imports have it."""
    return path.removeprefix(UTILS).rstrip("/").removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Units of module_utils that a file imports, less its own."""
    depth = len(path.relative_to(ROOT / "plugins").parts) - 1
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if (node.module or "").startswith(ABSOLUTE):
            yield str(node.module).removeprefix(ABSOLUTE).partition(".")[0]
        elif node.level:
            inside = path.relative_to(ROOT / "plugins").parts[: depth - node.level + 1]
            parts = [*inside, *(node.module or "").split(".")]
            names = parts[1:2] if len(parts) > 1 and parts[1] else [n.name for n in node.names]
            yield from (name for name in names if (name,) != path.parts[-2:-1])


def files(unit: str) -> list[Path]:
    """Python files of a unit."""
    for found in (ROOT / UTILS / unit, ROOT / UTILS / f"{unit}.py", ROOT / unit):
        if found.is_dir():
            return sorted(found.rglob("*.py"))
        if found.is_file():
            return [found]
    raise AssertionError(f"ARCHITECTURE.md names {unit}, which does not exist")


def units() -> set[str]:
    """What there is in module_utils."""
    found = (ROOT / UTILS).iterdir()
    return {path.stem for path in found if path.suffix == ".py" or (path / "__init__.py").exists()}


def test_every_part_has_a_line() -> None:
    named = {unit for unit in allowed() if not unit.startswith("plugins/")}
    assert named == units() - {"__init__"}


@pytest.mark.parametrize("unit", sorted(allowed()))
def test_imports_point_one_way(unit: str) -> None:
    may = allowed()[unit]
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files(unit)
        for name in imports(path)
        if name not in may and "module_utils" not in may
    }
    assert not wrong
