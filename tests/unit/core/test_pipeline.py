# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipeline on a small system of its own: converge, lose races, fail, roll back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    EnvironmentProblem,
    LostRace,
    OwnershipError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.pipeline import ATTEMPTS, run
from tests.unit.core.profile import examples
from tests.unit.core.shelf import FOREIGN, Items, Plane, Shelf


def leftovers(error: ApplyError) -> list[str]:
    """What an error says is left."""
    left = error.details.get("leftovers", [])
    assert isinstance(left, list)
    return left


def test_it_brings_the_system_to_what_is_wanted() -> None:
    shelf = Shelf({"a": 1, "b": 2, "x": 9})
    outcome = run(Plane(shelf, {"a": 5, "b": None, "c": 3}), check_mode=False)
    assert shelf.items == {"a": 5, "c": 3, "x": 9}
    assert outcome.before == {"a": 1, "b": 2, "x": 9}
    assert outcome.after == shelf.items
    assert [(step.op, step.name) for step in outcome.steps] == [
        ("put", "a"),
        ("take", "b"),
        ("put", "c"),
    ]


def test_a_second_run_writes_nothing() -> None:
    shelf = Shelf({"a": 1})
    plane = Plane(shelf, {"a": 5})
    run(plane, check_mode=False)
    writes = shelf.writes
    outcome = run(plane, check_mode=False)
    assert outcome.steps == ()
    assert outcome.before == outcome.after == {"a": 5}
    assert shelf.writes == writes


def test_check_mode_writes_nothing_and_foretells_the_run() -> None:
    shelf = Shelf({"a": 1, "b": 2})
    plane = Plane(shelf, {"a": 5, "b": None})
    foretold = run(plane, check_mode=True)
    assert shelf.items == {"a": 1, "b": 2}
    assert (shelf.writes, shelf.reads) == (0, 1)
    done = run(plane, check_mode=False)
    assert foretold.steps == done.steps
    assert foretold.after == done.after
    assert foretold.before == done.before


def test_what_cannot_be_planned_touches_nothing() -> None:
    shelf = Shelf({"a": 1, "b": FOREIGN})
    with pytest.raises(OwnershipError, match="b is not ours"):
        run(Plane(shelf, {"a": 5, "b": 1}), check_mode=False)
    assert shelf.writes == 0


def test_a_lost_race_is_read_and_planned_again() -> None:
    shelf = Shelf({"a": 1, "b": 1})
    shelf.rivals = [lambda _shelf: None, sets("b", 7)]
    outcome = run(Plane(shelf, {"a": 5, "b": 5}), check_mode=False)
    assert shelf.items == {"a": 5, "b": 5}
    assert [step.args["before"] for step in outcome.steps] == [1, 7]


def test_a_rival_who_does_our_work_is_welcome() -> None:
    shelf = Shelf({"a": 1}, rivals=[sets("a", 5)])
    outcome = run(Plane(shelf, {"a": 5}), check_mode=False)
    assert shelf.items == {"a": 5}
    assert outcome.after == {"a": 5}


def sets(name: str, value: int) -> Callable[[Shelf], None]:
    """A rival who sets one item."""
    return lambda shelf: shelf.items.update({name: value})


def restless(count: int) -> list[Callable[[Shelf], None]]:
    """A rival who sets b anew before each of our writes, to 100 and upwards."""
    return [sets("b", 100 + number) for number in range(count)]


def test_races_are_lost_only_so_often() -> None:
    shelf = Shelf({"a": 1, "b": 1}, capacity=10**6)
    shelf.rivals = restless(50)
    with pytest.raises(LostRace, match="b is not"):
        run(Plane(shelf, {"b": 5}), check_mode=False)
    assert shelf.writes == ATTEMPTS
    assert shelf.reads == 1 + ATTEMPTS


def test_when_every_race_is_lost_what_was_done_is_undone() -> None:
    shelf = Shelf({"a": 1, "b": 1}, capacity=10**6)
    shelf.rivals = [lambda _shelf: None]
    shelf.rivals += restless(ATTEMPTS)
    with pytest.raises(LostRace) as caught:
        run(Plane(shelf, {"a": 5, "b": 5}), check_mode=False)
    assert shelf.items == {"a": 1, "b": 99 + ATTEMPTS}, "ours undone, the rival's kept"
    assert leftovers(caught.value) == []


def test_a_system_that_does_not_stay_is_named() -> None:
    shelf = Shelf({"a": 1})

    class Reverted(Plane):
        def execute(self, plan: object, done: object) -> None:
            super().execute(plan, done)  # type: ignore[arg-type]
            self.shelf.items["a"] = 1  # another program that manages the same item

    with pytest.raises(ApplyError, match="does not stay as it was set") as caught:
        run(Reverted(shelf, {"a": 5}), check_mode=False)
    assert caught.value.culprit == "still to do: put item a"
    assert shelf.writes == ATTEMPTS


def test_a_failure_is_undone() -> None:
    shelf = Shelf({"a": 1, "b": 2}, stuck={"c"})
    with pytest.raises(ApplyError, match="c is stuck") as caught:
        run(Plane(shelf, {"a": 5, "b": None, "c": 1}), check_mode=False)
    assert shelf.items == {"a": 1, "b": 2}
    assert leftovers(caught.value) == []
    assert caught.value.errno == 16


def test_a_failure_of_the_first_step_undoes_nothing() -> None:
    shelf = Shelf({"a": 1}, stuck={"a"})
    with pytest.raises(ApplyError, match="a is stuck"):
        run(Plane(shelf, {"a": 5}), check_mode=False)
    assert (shelf.writes, shelf.items) == (1, {"a": 1})


def test_no_rollback_when_none_is_asked_for() -> None:
    shelf = Shelf({"a": 1}, stuck={"c"})
    with pytest.raises(ApplyError, match="c is stuck"):
        run(Plane(shelf, {"a": 5, "c": 1}), check_mode=False, rollback=False)
    assert shelf.items == {"a": 5}


def test_the_undo_leaves_what_others_did() -> None:
    shelf = Shelf({"a": 1}, stuck={"c"})
    shelf.rivals = [lambda _shelf: None, sets("x", 4)]
    with pytest.raises(ApplyError, match="c is stuck"):
        run(Plane(shelf, {"a": 5, "c": 1}), check_mode=False)
    assert shelf.items == {"a": 1, "x": 4}


def glue(*names: str) -> Shelf:
    """A shelf on which the third write fails, and these names are stuck from then on."""

    def stick(shelf: Shelf) -> None:
        shelf.stuck.update(names, {"c"})

    return Shelf({"a": 1, "b": 2}, rivals=[lambda _shelf: None, lambda _shelf: None, stick])


def test_what_cannot_be_undone_is_named() -> None:
    shelf = glue("a", "b")
    with pytest.raises(ApplyError, match="c is stuck") as caught:
        run(Plane(shelf, {"a": 5, "b": None, "c": 1}), check_mode=False)
    assert shelf.items == {"a": 5}
    left = leftovers(caught.value)
    assert len(left) == 2
    assert left[0].startswith("put item a (not undone: a is stuck")
    assert left[1].startswith("put item b (not undone: a is stuck")
    error = caught.value
    assert (error.errno, error.culprit, error.remedy) == (16, "glue", "use a solvent")


def test_what_was_undone_before_the_undo_failed_is_not_named() -> None:
    shelf = glue("b")
    with pytest.raises(ApplyError, match="c is stuck") as caught:
        run(Plane(shelf, {"a": 5, "b": None, "c": 1}), check_mode=False)
    assert shelf.items == {"a": 1}
    assert len(leftovers(caught.value)) == 1
    assert leftovers(caught.value)[0].startswith("put item b ")


def test_a_race_that_the_undo_loses_is_run_again() -> None:
    shelf = Shelf({"a": 1}, stuck={"c"})
    shelf.rivals = [lambda _shelf: None] * 2 + [sets("a", 7)]
    with pytest.raises(ApplyError, match="c is stuck") as caught:
        run(Plane(shelf, {"a": 5, "c": 1}), check_mode=False)
    assert shelf.items == {"a": 1}
    assert leftovers(caught.value) == []


def test_a_system_that_cannot_be_read_after_a_failure_is_not_called_clean() -> None:
    shelf = Shelf({"a": 1}, stuck={"c"})

    class Blinded(Plane):
        def read(self) -> Items:
            if self.shelf.writes:
                raise ApplyError("it is dark")
            return super().read()

    with pytest.raises(ApplyError, match="c is stuck") as caught:
        run(Blinded(shelf, {"a": 5, "c": 1}), check_mode=False)
    assert leftovers(caught.value) == ["put item a (done, not undone: it is dark)"]


def test_a_plan_that_is_refused_after_a_lost_race_is_a_failure_and_undone() -> None:
    shelf = Shelf({"a": 1})
    shelf.rivals = [lambda _shelf: None, sets("b", FOREIGN)]
    with pytest.raises(ApplyError, match="b is not ours") as caught:
        run(Plane(shelf, {"a": 5, "b": 5}), check_mode=False)
    assert (caught.value.culprit, caught.value.remedy) == ("a rival", "leave it")
    assert shelf.items == {"a": 1, "b": FOREIGN}


def test_what_does_not_verify_is_undone() -> None:
    shelf = Shelf({"a": 1})
    with pytest.raises(ApplyError, match="wobbles"):
        run(Plane(shelf, {"a": 5}, unsound=lambda items: items["a"] == 5), check_mode=False)
    assert shelf.items == {"a": 1}


def test_a_converged_system_is_verified_too() -> None:
    shelf = Shelf({"a": 5})
    with pytest.raises(ApplyError, match="wobbles"):
        run(Plane(shelf, {"a": 5}, unsound=lambda _items: True), check_mode=False)
    assert shelf.writes == 0


ITEMS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9))
WANTED = st.dictionaries(st.sampled_from("abcdef"), st.one_of(st.none(), st.integers(1, 9)))


@given(ITEMS, WANTED, st.sets(st.sampled_from("abcdef"), max_size=2), st.integers(10, 60))
@examples(300)
def test_a_run_converges_or_leaves_what_was(
    items: Items, wanted: dict[str, int | None], stuck: set[str], capacity: int
) -> None:
    shelf = Shelf(dict(items), capacity, stuck)
    plane = Plane(shelf, wanted)
    failure = None
    try:
        run(plane, check_mode=False)
    except ApplyError as error:
        failure = error
    if failure is None:
        assert not plane.plan(plane.read())
    else:
        # The undo may break the shelf as well: then it is named, and only then.
        assert (shelf.items == items) == (leftovers(failure) == [])


class Blind(Plane):
    """Sees the shelf once, and then no more."""

    def read(self) -> Items:
        if self.shelf.reads:
            self.shelf.reads += 1
            raise EnvironmentProblem("the light is off")
        return super().read()


class Clumsy(Plane):
    """Has a bug that shows after the work."""

    def verify(self, observed: Items) -> None:
        raise KeyError(str(sorted(observed)))


def test_what_cannot_be_seen_any_more_is_named() -> None:
    """The system goes away behind a write: it is no failure of a step, and is none the less."""
    shelf = Shelf({"a": 1})
    with pytest.raises(ApplyError, match="the light is off") as caught:
        run(Blind(shelf, {"a": 5}), check_mode=False)
    assert leftovers(caught.value) == ["put item a (done, not undone: the light is off)"]


def test_a_bug_of_ours_is_undone_and_stays_a_bug() -> None:
    shelf = Shelf({"a": 1})
    with pytest.raises(KeyError):
        run(Clumsy(shelf, {"a": 5}), check_mode=False)
    assert shelf.items == {"a": 1}
