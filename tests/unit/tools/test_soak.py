# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make soak` enlarges all that can be enlarged."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENLARGE = re.compile(r"TUNNELMESH_(?:TEST_(?:EVERY|STEPS|ROUNDS)|EXPLORE)")


def test_every_folder_and_every_variable_is_covered() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nsoak:")[2]
    recipe = recipe.partition("\n\n")[0]
    used: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        found = set(ENLARGE.findall(path.read_text(encoding="utf-8")))
        if found and path.name != Path(__file__).name:
            used |= found
            assert any(
                path.is_relative_to(ROOT / word)
                for word in recipe.split()
                if word.startswith("tests/")
            ), f"{path} is not run by make soak"
    assert used
    assert used == set(ENLARGE.findall(recipe))
