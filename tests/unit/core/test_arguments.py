# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One thing by top-level options, or many in a list that inherits from them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core import arguments
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError

OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "mtu": {"type": "int"},
    "up": {"type": "bool"},
    "remotes": {"type": "list", "elements": "str"},
}


def entries(**params: Any) -> list[tuple[str, dict[str, Any]]]:
    """The declared things of a task with these parameters."""
    return arguments.entries(params, OPTIONS, "ports")


def test_the_spec_has_every_item_option_at_the_top_and_in_the_list() -> None:
    built = arguments.spec(OPTIONS, "ports", extra={"type": "bool"})
    assert set(built) == {*OPTIONS, *arguments.COMMON, "ports", "extra"}
    assert built["ports"] == {"type": "list", "elements": "dict", "options": OPTIONS}
    # A default would hide whether a list entry may inherit.
    assert not any("default" in option for option in built["ports"]["options"].values())
    assert built["owner"]["default"] == "default"
    assert built["purge"]["default"] is False


def test_the_spec_does_not_change_with_its_source() -> None:
    built = arguments.spec(OPTIONS, "ports")
    built["ports"]["options"]["more"] = {}
    assert "more" not in OPTIONS


def test_one_thing_by_top_level_options() -> None:
    assert entries(name="vx1", mtu=1450) == [
        ("vx1", {"name": "vx1", "mtu": 1450, "up": None, "remotes": None})
    ]


def test_entries_inherit_what_they_do_not_say() -> None:
    listed = [{"name": "a"}, {"name": "b", "mtu": 1400}, {"name": "c", "mtu": None}]
    found = entries(mtu=1450, up=False, ports=listed)
    assert [where for where, _options in found] == [
        "ports[0] (a)",
        "ports[1] (b)",
        "ports[2] (c)",
    ]
    assert [options["mtu"] for _where, options in found] == [1450, 1400, 1450]
    assert all(options["up"] is False for _where, options in found)


def test_false_zero_and_an_empty_list_are_said_and_not_inherited() -> None:
    listed = [{"name": "a", "mtu": 0, "up": False, "remotes": []}]
    ((_where, options),) = entries(mtu=1450, up=True, remotes=["192.0.2.1"], ports=listed)
    assert options == {"name": "a", "mtu": 0, "up": False, "remotes": []}


def test_options_of_the_task_alone_are_no_options_of_an_entry() -> None:
    ((_where, options),) = entries(owner="me", netns="x", ports=[{"name": "a", "extra": 1}])
    assert set(options) == set(OPTIONS)


def test_an_empty_list_declares_nothing() -> None:
    assert entries(ports=[]) == []
    assert entries(ports=[], purge=True) == []


def test_purge_alone_declares_nothing() -> None:
    assert entries(purge=True) == []


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "neither name nor ports is given"),
        ({"name": ""}, "neither name nor ports is given"),
        ({"mtu": 1450}, "neither name nor ports is given"),
        ({"name": "a", "ports": []}, "name and ports exclude each other"),
        ({"name": "a", "ports": [{"name": "b"}]}, "name and ports exclude each other"),
        ({"ports": [{"name": "a"}, {"mtu": 1450}]}, "ports[1] has no name"),
        ({"ports": [{"name": ""}]}, "ports[0] has no name"),
        (
            {"ports": [{"name": "a"}, {"name": "b"}, {"name": "a"}]},
            "ports[0] and ports[2] both declare a",
        ),
    ],
)
def test_forms_that_are_refused(params: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        entries(**params)
    assert problem in caught.value.cause
    assert caught.value.remedy
