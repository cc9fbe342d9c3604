# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way in which a declaration of ports is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import PortSpec
from tests.unit.core.profile import examples
from tests.unit.kernel.builders import ports
from tests.unit.kernel.rejected import PORTS as REJECTED
from tests.unit.kernel.rejected import Options


def one(**options: Any) -> PortSpec:
    """The one port that is declared, called vx1."""
    (spec,) = ports(**{"name": "vx1", **options}).specs
    return spec


@pytest.mark.parametrize(("options", "problem"), REJECTED, ids=lambda value: str(value)[:60])
def test_what_is_refused_of_a_port(options: Options, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        one(**options)
    assert problem in caught.value.cause
    assert caught.value.remedy, "every refusal says what to do"


@pytest.mark.parametrize(("options", "problem"), REJECTED, ids=lambda value: str(value)[:60])
def test_an_entry_of_a_list_is_refused_and_named(options: Options, problem: str) -> None:
    owner = options.get("owner")
    entry = {"name": "vx1", **{key: options[key] for key in options if key != "owner"}}
    with pytest.raises(InputError) as caught:
        ports(owner=owner, datapath=entry.get("datapath", "lab0"), ports=[{"name": "vx0"}, entry])
    assert problem in caught.value.cause or "datapath" in options
    if not owner and "datapath" not in options:
        assert caught.value.cause.startswith(f"ports[1] ({entry['name']}): ")


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([{"name": "a"}, {"name": "a"}], "ports[0] and ports[1] both declare a"),
        (
            [{"name": "a", "port_no": 7}, {"name": "b", "port_no": 7}],
            "ports[1] (b): port_no 7 of datapath lab0 is also asked for by ports[0] (a)",
        ),
        ([{"name": ""}], "ports[0] has no name"),
        ([{}], "ports[0] has no name"),
    ],
)
def test_what_is_refused_of_a_set(entries: list[Options], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        ports(ports=entries)
    assert problem in caught.value.cause
    assert caught.value.remedy


def test_one_number_may_stand_in_two_datapaths_and_beside_a_port_that_goes() -> None:
    entries = [
        {"name": "a", "port_no": 7},
        {"name": "b", "port_no": 7, "datapath": "lab1"},
        {"name": "c", "port_no": 7, "state": "absent"},
    ]
    assert len(ports(ports=entries).specs) == 3


WORDS = st.one_of(
    st.text(max_size=17), st.sampled_from(["inherit", "auto", "192.0.2.2", "fd00::2"])
)
ANYTHING = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "state": st.sampled_from(["present", "detached", "absent"]),
        "datapath": WORDS,
        "port_no": st.integers(-1, 70000),
        "dst_port": st.integers(-1, 70000),
        "vni": st.integers(-1, 1 << 25),
        "local_ip": WORDS,
        "remotes": st.lists(WORDS, max_size=3),
        "mtu": WORDS,
        "ttl": WORDS,
        "tos": WORDS,
        "src_port_range": st.lists(st.integers(0, 70000), max_size=3),
        "mac_address": WORDS,
        "extensions": st.lists(st.sampled_from(["gbp", "gpe"]), max_size=2),
        "vport_type": st.sampled_from(["netdev", "vxlan"]),
        "owner": WORDS,
    },
)


@given(ANYTHING)
@examples(300)
def test_whatever_is_declared_is_taken_or_refused_cleanly(options: Options) -> None:
    try:
        declared = ports(**options)
    except InputError:
        return
    assert declared.specs[0].name == options["name"]
