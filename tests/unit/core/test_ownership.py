# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks and tokens: written by us, recognised by us, by nobody else's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core import ownership
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from tests.unit.core.profile import examples

OWNERS = st.from_regex(ownership.OWNER_PATTERN, fullmatch=True)
# IFALIASZ, include/uapi/linux/if.h: an alias has at most 255 bytes.
ALIAS_MAX = 255
PID_MAX = 1 << 22


@given(OWNERS)
@examples(100)
def test_a_mark_names_its_owner(owner: str) -> None:
    assert ownership.check_owner(owner) == owner
    assert ownership.owner_of(ownership.mark(owner)) == owner
    assert len(ownership.mark(owner).encode()) <= ALIAS_MAX


@given(OWNERS)
@examples(200)
def test_a_token_is_neither_a_process_nor_a_port_of_the_kernel(owner: str) -> None:
    number = ownership.token(owner)
    assert number & 0xFFFFFFFF == number
    assert PID_MAX < number < 1 << 31
    assert number == ownership.token(owner)


@given(st.sets(OWNERS, max_size=50))
@examples(50)
def test_owners_have_tokens_of_their_own(owners: set[str]) -> None:
    assert len({ownership.token(owner) for owner in owners}) == len(owners)


@pytest.mark.parametrize(
    "alias",
    [
        "",
        "uplink to rack 7",
        "tunnelmesh.ovs",
        "tunnelmesh.ovs owner=",
        "tunnelmesh.ovs owner=-x",
        "tunnelmesh.ovs owner=a b",
        "tunnelmesh.ovs owner=default\n",
        "tunnelmesh.ovs  owner=default",
        "my tunnelmesh.ovs owner=default",
        "Tunnelmesh.ovs owner=default",
        "tunnelmesh.ovs owner=" + "a" * 64,
    ],
)
def test_what_is_not_exactly_our_mark_is_not_ours(alias: str) -> None:
    assert ownership.owner_of(alias) is None


@given(st.text(max_size=60))
@examples(200)
def test_an_alias_is_ours_only_if_we_would_have_written_it(alias: str) -> None:
    owner = ownership.owner_of(alias)
    assert owner is None or ownership.mark(owner) == alias


@pytest.mark.parametrize("owner", ["", "-a", ".a", "_a", "a b", "a/b", "a=b", "ä", "a\n", "a" * 64])
def test_owners_that_are_refused(owner: str) -> None:
    with pytest.raises(InputError, match="is not a valid name") as caught:
        ownership.check_owner(owner)
    assert caught.value.remedy
    assert "1 to 63" in caught.value.remedy
