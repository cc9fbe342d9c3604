# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No option without a case on the real switch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import arguments
from tests.integration.ovsdb import option_cases
from tests.unit.ovsdb.builders import declare

FOLDER = Path(option_cases.__file__).parent


def _shown() -> set[str]:
    """Options that have a case."""
    found = set(option_cases.ELSEWHERE)
    for options, _path, _expected in option_cases.TUNNEL:
        found.update(options)
        found.update(f"bfd.{name}" for name in options.get("bfd", {}))
    return found | {f"bridges.{name}" for name in option_cases.BRIDGE}


def _declarable() -> Iterator[str]:
    yield from arguments.spec()
    yield from (f"bfd.{name}" for name in arguments.TUNNEL["bfd"]["options"])
    yield from (f"bridges.{name}" for name in arguments.BRIDGE)


def test_every_option_has_a_case() -> None:
    assert sorted(set(_declarable()) - _shown()) == []
    assert sorted(_shown() - set(_declarable())) == []


def test_every_case_is_about_what_it_says() -> None:
    """The column that is read back is that of an option of the case."""
    for options, path, _expected in option_cases.TUNNEL:
        table, _colon, key = path.partition(":")
        key = {"exts": "extensions"}.get(key, key)
        names = {*options, *options.get("bfd", {}), *options.get("external_ids", {})}
        assert (key or table).replace("ofport_request", "ofport") in {
            name.replace("ofport_request", "ofport") for name in names
        }, path


def test_the_named_tests_exist_and_name_the_option() -> None:
    wrong = []
    for option, where in option_cases.ELSEWHERE.items():
        name, _colons, function = where.partition("::")
        text = (FOLDER / name).read_text(encoding="utf-8")
        functions = {n.name for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}
        if function not in functions or option.rpartition(".")[2] not in text:
            wrong.append(f"{option}: {where}")
    assert wrong == []


def test_the_cases_are_declarable() -> None:
    for options, _path, _expected in option_cases.TUNNEL:
        declare(**{"name": "vx", "bridge": "br0", "remote_ip": "198.18.0.12", **options})
