# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our data classes are what the standard library's are, for all that we use of them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core import record


@record.dataclass(frozen=True)
class Ours:
    """A record."""

    a: int
    b: str = "x"
    c: list[int] = record.field(default_factory=list)

    @property
    def double(self) -> int:
        """A property is none of the fields."""
        return 2 * self.a


@dataclasses.dataclass(frozen=True)
class Theirs:
    """The same by the standard library."""

    a: int
    b: str = "x"
    c: list[int] = dataclasses.field(default_factory=list)


Call = tuple[tuple[Any, ...], dict[str, Any]]
GOOD: list[Call] = [
    ((1,), {}),
    ((1, "y"), {}),
    ((1, "y", [2]), {}),
    ((), {"a": 1}),
    ((1,), {"c": [3]}),
]
BAD: list[Call] = [
    ((), {}),
    ((1, 2, 3, 4), {}),
    ((1,), {"a": 2}),
    ((1,), {"d": 2}),
    ((), {"b": "y", "d": 1}),
]


@pytest.mark.parametrize(("args", "kwargs"), BAD)
@pytest.mark.parametrize("made", [Ours, Theirs])
def test_refused_alike(made: Any, args: Any, kwargs: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        made(*args, **kwargs)


@pytest.mark.parametrize(("args", "kwargs"), GOOD)
def test_made_alike(args: Any, kwargs: dict[str, Any]) -> None:
    ours, theirs = Ours(*args, **kwargs), Theirs(*args, **kwargs)
    assert (ours.a, ours.b, ours.c) == (theirs.a, theirs.b, theirs.c)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [one.name for one in dataclasses.fields(ours)] == ["a", "b", "c"]
    assert dataclasses.replace(ours, a=7) == record.replace(ours, a=7) == Ours(7, ours.b, ours.c)
    assert copy.deepcopy(ours) == pickle.loads(pickle.dumps(ours)) == ours
    assert ours.double == 2


def test_equal_hashed_and_frozen() -> None:
    one, other = Ours(1, "y", ()), Ours(1, "y", ())  # type: ignore[arg-type]
    assert one == other
    assert one != Theirs(1, "y", ())  # type: ignore[arg-type]
    assert {one: 1}[other] == 1
    assert Ours(1).c is not Ours(1).c
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.a = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del one.a
    with pytest.raises(TypeError, match="unknown"):
        record.replace(one, z=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        hash(Ours(1))
