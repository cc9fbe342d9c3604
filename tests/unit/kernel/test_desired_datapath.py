# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task may declare of datapaths, and every way in which it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import DatapathSpec
from tests.unit.core.profile import examples
from tests.unit.kernel.builders import datapaths
from tests.unit.kernel.rejected import DATAPATHS as REJECTED
from tests.unit.kernel.rejected import Options


def one(**options: Any) -> DatapathSpec:
    """The one datapath that is declared, called lab0."""
    (spec,) = datapaths(**{"name": "lab0", **options}).specs
    return spec


def test_a_datapath_with_nothing_but_a_name() -> None:
    assert one() == DatapathSpec(
        where="lab0",
        name="lab0",
        state="present",
        up=True,
        mtu=None,
        addresses=None,
        connect=None,
        adopt=False,
        force=False,
    )


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"state": "absent"}, "state", "absent"),
        ({"up": False}, "up", False),
        ({"mtu": 68}, "mtu", 68),
        ({"mtu": 65535}, "mtu", 65535),
        ({"address": []}, "addresses", ()),
        ({"address": ["192.0.2.1/24"]}, "addresses", ("192.0.2.1/24",)),
        ({"address": ["192.0.2.1/255.255.255.0"]}, "addresses", ("192.0.2.1/24",)),
        (
            {"address": ["192.0.2.0/31", "192.0.2.9/32"]},
            "addresses",
            ("192.0.2.0/31", "192.0.2.9/32"),
        ),
        ({"address": ["FD00:0::1/64"]}, "addresses", ("fd00::1/64",)),
        ({"connect": []}, "connect", ()),
        ({"connect": [["lab0", "vx1"]]}, "connect", (("lab0", "vx1"),)),
        ({"connect": [[0, 7], ["02", "vx1"]]}, "connect", (("0", "7"), ("2", "vx1"))),
        ({"adopt": True}, "adopt", True),
        ({"force": True}, "force", True),
    ],
)
def test_an_option_becomes_a_field(options: Options, field: str, value: Any) -> None:
    assert getattr(one(**options), field) == value


def test_the_task_says_owner_purge_and_what_a_dry_run_assumes() -> None:
    declared = datapaths(purge=True, owner="me", check_mode_assume=["vx1"])
    assert declared.specs == ()
    assert (declared.owner, declared.purge, declared.assume) == ("me", True, frozenset({"vx1"}))


@pytest.mark.parametrize(("options", "problem"), REJECTED, ids=lambda value: str(value)[:60])
def test_what_is_refused_of_a_datapath(options: Options, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        one(**options)
    assert problem in caught.value.cause
    assert caught.value.remedy, "every refusal says what to do"


def test_an_entry_of_a_list_is_named() -> None:
    with pytest.raises(InputError) as caught:
        datapaths(datapaths=[{"name": "lab0"}, {"name": "lab1", "mtu": 1}])
    assert caught.value.cause.startswith("datapaths[1] (lab1): mtu 1 ")


ENDS = st.one_of(st.text(max_size=4), st.integers(-2, 70000))
ANYTHING = st.fixed_dictionaries(
    {"name": st.text(max_size=17)},
    optional={
        "mtu": st.integers(-1, 70000),
        "address": st.lists(st.text("0123456789abcdef:./%", max_size=12), max_size=3),
        "connect": st.lists(st.lists(ENDS, max_size=3), max_size=3),
    },
)


@given(ANYTHING)
@examples(300)
def test_whatever_is_declared_is_taken_or_refused_cleanly(options: Options) -> None:
    try:
        declared = datapaths(**options)
    except InputError:
        return
    assert declared.specs[0].name == options["name"]
