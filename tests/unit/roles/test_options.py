# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the roles: each has one default, in two places that agree, and junk is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.tools.ci.model import ROOT

ROLES = ("vtep", "vxlan_mesh")


def entry_points(role: str) -> dict[str, Any]:
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]
    return found


def defaults(role: str) -> dict[str, Any]:
    text = (ROOT / "roles" / role / "defaults/main.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_documented_and_every_option_has_one(role: str) -> None:
    options = entry_points(role)["main"]["options"]
    real = defaults(role)
    optional = {name for name, option in options.items() if not option.get("required")}
    assert optional <= real.keys() <= options.keys()
    # A default that is worked out at run time is described in words.
    fixed = {name for name in optional if "{{" not in str(real[name])}
    documented = {name: options[name].get("default") for name in optional}
    assert documented == {name: real[name] if name in fixed else None for name in optional}


@pytest.mark.parametrize("role", ROLES)
def test_every_option_says_what_it_is(role: str) -> None:
    def check(name: str, option: dict[str, Any]) -> None:
        assert option["type"], name
        assert option["description"], name
        for inner, suboption in option.get("options", {}).items():
            check(f"{name}.{inner}", suboption)

    for name, option in entry_points(role)["main"]["options"].items():
        check(name, option)


@pytest.mark.parametrize("role", ROLES)
def test_every_entry_point_is_a_file_and_takes_options_of_main(role: str) -> None:
    points = entry_points(role)
    for name, point in points.items():
        assert (ROOT / "roles" / role / "tasks" / f"{name}.yml").is_file(), name
        main = points["main"]["options"]
        for option, spec in point.get("options", {}).items():
            assert spec["type"] == main[option]["type"]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_taken(role: str) -> None:
    wanted = {"vxlan_mesh_endpoint": "192.0.2.1", "vxlan_mesh_segments": [{"name": "a", "vni": 1}]}
    assert refusals(role, {**defaults(role), **(wanted if role == "vxlan_mesh" else {})}) == []


def refusals(role: str, values: dict[str, Any]) -> list[str]:
    """What the role's first task says: it checks the options before anything else is done."""
    spec = entry_points(role)["main"]["options"]
    found: list[str] = ArgumentSpecValidator(spec).validate(values).error_messages
    return found


SEGMENT = {"name": "a", "vni": 1}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("vtep", {"vtep_service": "running"}, "vtep_service must be one of: auto, started, stopped"),
    ("vtep", {"vtep_manage_packages": "maybe"}, "vtep_manage_packages' is of type"),
    ("vtep", {"vtep_firewall": "perhaps"}, "'perhaps' is not a valid boolean"),
    ("vtep", {"vtep_firewall_dst_ports": ["vxlan"]}, "vtep_firewall_dst_ports"),
    ("vtep", {"vtep_kernel_modules": {"a": 1}}, "vtep_kernel_modules' is of type"),
    ("vtep", {"vtep_mesh": {"admits": []}}, "vtep_mesh.admits. Supported parameters include"),
    (
        "vxlan_mesh",
        {"vxlan_mesh_endpoint": None},
        "missing required arguments: vxlan_mesh_endpoint",
    ),
    (
        "vxlan_mesh",
        {"vxlan_mesh_segments": None},
        "missing required arguments: vxlan_mesh_segments",
    ),
    ("vxlan_mesh", {"vxlan_mesh_segments": [{"name": "a"}]}, "required arguments: vni found in"),
    ("vxlan_mesh", {"vxlan_mesh_segments": [{**SEGMENT, "vni": "many"}]}, "cannot be converted to"),
    ("vxlan_mesh", {"vxlan_mesh_segments": [{**SEGMENT, "vin": 1}]}, "vxlan_mesh_segments.vin"),
    (
        "vxlan_mesh",
        {"vxlan_mesh_segments": [{**SEGMENT, "topology": "ring"}]},
        "topology must be one of: full, hub_spoke, custom, got: ring",
    ),
    (
        "vxlan_mesh",
        {"vxlan_mesh_backend": "dpdk"},
        "must be one of: auto, kernel, ovsdb, got: dpdk",
    ),
    ("vxlan_mesh", {"vxlan_mesh_df": "yes"}, "must be one of: set, unset, inherit, got: yes"),
    ("vxlan_mesh", {"vxlan_mesh_dst_port": "udp"}, "vxlan_mesh_dst_port' is of type"),
    ("vxlan_mesh", {"vxlan_mesh_bfd": {"enabled": True}}, "vxlan_mesh_bfd.enabled"),
    ("vxlan_mesh", {"vxlan_mesh_bfd": {"min_rx": "often"}}, "min_rx"),
    ("vxlan_mesh", {"vxlan_mesh_addresses": ["10.0.0.1/24"]}, "vxlan_mesh_addresses' is of type"),
    ("vxlan_mesh", {"vxlan_mesh_persist": "later"}, "'later' is not a valid boolean"),
    ("vxlan_mesh", {"vxlan_mesh_verify_timeout": "long"}, "vxlan_mesh_verify_timeout' is of type"),
]


@pytest.mark.parametrize(("role", "change", "words"), REFUSED)
def test_junk_is_refused_with_the_option_named(
    role: str, change: dict[str, Any], words: str
) -> None:
    good: dict[str, Any] = {}
    if role == "vxlan_mesh":
        good = {"vxlan_mesh_endpoint": "192.0.2.1", "vxlan_mesh_segments": [SEGMENT]}
    values = {name: value for name, value in {**good, **change}.items() if value is not None}
    [message] = refusals(role, values)
    assert words in message
