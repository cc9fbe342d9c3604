# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The YAML of diffs, read back by a YAML library."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core import yamltext
from tests.unit.core.profile import examples

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 64), 1 << 64),
    TEXT,
    st.sampled_from(
        ["yes", "No", "ON", "off", "null", "~", "True", "y", "N", "1", "0x1F", "1e3", "1:30"]
    ),
    st.sampled_from(["-", "- a", "a: b", "#x", "a #b", "'", '"', "[1]", "{}", "*a", "&a", "!x"]),
    st.sampled_from(["2026-01-01", "fd00::1", "02:00:00:00:00:01", "192.0.2.1/24", "<<", "=", ""]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4))
@examples(200)
def test_what_is_dumped_is_read_back(value: dict[str, Any]) -> None:
    assert yaml.safe_load(yamltext.dump(value)) == value


@given(SCALARS)
@examples(200)
def test_a_scalar_is_read_back(value: Any) -> None:
    read = yaml.safe_load(yamltext.scalar(value))
    assert read == value
    assert type(read) is type(value)


def test_it_reads_well() -> None:
    value = {
        "vx100": {
            "state": "present",
            "port_no": 1,
            "up": True,
            "dev": None,
            "local_ip": "192.0.2.1",
            "remotes": ["192.0.2.2", "fd00::2"],
            "extensions": [],
            "connect": [["lab0", "vx100"]],
            "ports": [{"port_no": 0, "name": "lab0"}],
        }
    }
    assert yamltext.dump(value) == (
        "vx100:\n"
        "  state: present\n"
        "  port_no: 1\n"
        "  up: true\n"
        "  dev: null\n"
        "  local_ip: '192.0.2.1'\n"
        "  remotes:\n"
        "    - '192.0.2.2'\n"
        "    - 'fd00::2'\n"
        "  extensions: []\n"
        "  connect:\n"
        "    -\n"
        "      - lab0\n"
        "      - vx100\n"
        "  ports:\n"
        "    -\n"
        "      port_no: 0\n"
        "      name: lab0\n"
    )


def test_tuples_are_lists() -> None:
    assert yaml.safe_load(yamltext.dump({"range": (1, 2)})) == {"range": [1, 2]}


def test_nothing_is_no_text() -> None:
    assert yamltext.dump({}) == ""


@pytest.mark.parametrize(
    "text", ["a\nb", "\n", "tab\there", "bell\x07", "del\x7f", "nel\x85", "\u2028"]
)
def test_control_characters_survive(text: str) -> None:
    assert yaml.safe_load(yamltext.dump({"alias": text})) == {"alias": text}
