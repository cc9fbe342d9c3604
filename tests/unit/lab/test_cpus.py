"""Which processors a guest may use: the first guests one each, the others all."""

from __future__ import annotations

from tmlab.cpus import processors


def booted(number: int, usable: set[int]) -> list[frozenset[int]]:
    """Boot so many guests, one after the other."""
    guests: list[frozenset[int]] = []
    for _guest in range(number):
        guests.append(frozenset(processors(guests, usable)))
    return guests


def test_the_first_guests_have_a_processor_each_and_the_others_all() -> None:
    assert booted(4, {0, 1}) == [{0}, {1}, {0, 1}, {0, 1}]


def test_a_guest_that_is_gone_leaves_its_processor_to_the_next() -> None:
    assert processors([frozenset({1}), frozenset({0, 1})], {0, 1}) == {0}


def test_only_what_may_be_used_is_used() -> None:
    assert booted(2, {5}) == [{5}, {5}]
    assert booted(2, {3, 5}) == [{3}, {5}]
