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

Options = dict[str, Any]


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


REJECTED: list[tuple[Options, str]] = [
    ({"name": "a" * 16}, "has 16 characters"),
    ({"name": ".."}, "is reserved"),
    ({"name": "dp%d"}, "has a character that a device name cannot have"),
    ({"name": "ovs-system"}, "'ovs-system' is owned by ovs-vswitchd"),
    ({"mtu": 67}, "mtu 67 is out of range"),
    ({"mtu": 65536}, "mtu 65536 is out of range"),
    ({"mtu": 1279, "address": ["fd00::1/64"]}, "mtu 1279 is too small for IPv6"),
    ({"address": ["192.0.2.1"]}, "'192.0.2.1' is not an address with a prefix length"),
    ({"address": ["192.0.2.1/33"]}, "is not an address with a prefix length"),
    ({"address": ["fd00::1/129"]}, "is not an address with a prefix length"),
    ({"address": ["192.0.2.1/"]}, "is not an address with a prefix length"),
    ({"address": [""]}, "is not an address with a prefix length"),
    ({"address": ["host/24"]}, "is not an address with a prefix length"),
    ({"address": ["192.0.2.0/24"]}, "is the network or broadcast address of 192.0.2.0/24"),
    ({"address": ["192.0.2.255/24"]}, "is the network or broadcast address of 192.0.2.0/24"),
    ({"address": ["127.0.0.1/8"]}, "is a loopback address"),
    ({"address": ["0.0.0.0/0"]}, "is the unspecified address"),
    ({"address": ["239.1.1.1/32"]}, "is a multicast group"),
    ({"address": ["::ffff:192.0.2.1/128"]}, "is an IPv4 address mapped into IPv6"),
    ({"address": ["fe80::1/64"]}, "is link-local: IPv6 makes these by itself"),
    ({"address": ["fd00::1%eth0/64"]}, "is not an address with a prefix length"),
    ({"address": ["192.0.2.1/24", "192.0.2.1/24"]}, "address 192.0.2.1 is given twice"),
    ({"address": ["fd00::1/64", "FD00::1/64"]}, "address fd00::1 is given twice"),
    ({"address": ["fd00::1/64", "fd00::1/128"]}, "address fd00::1 is given twice"),
    ({"connect": [["lab0"]]}, "is not a pair"),
    ({"connect": [[]]}, "is not a pair"),
    ({"connect": [["a", "b", "c"]]}, "is not a pair"),
    ({"connect": [["a", "a"]]}, "port a stands in two connections, or is connected to itself"),
    ({"connect": [["a", "b"], ["b", "c"]]}, "port b stands in two connections"),
    ({"connect": [[1, 2], ["01", 3]]}, "port 1 stands in two connections"),
    ({"connect": [["lab0", "vx%d"]]}, "connect 'vx%d' has a character"),
    ({"connect": [["lab0", ""]]}, "connect '' is empty"),
    ({"connect": [["lab0", 65535]]}, "connect 65535 is out of range"),
    ({"connect": [["lab0", "²"]]}, "connect '²' has a character"),
    ({"owner": "a b"}, "owner 'a b' is not a valid name"),
]


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
