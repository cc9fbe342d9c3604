"""Which processor a guest gets: as few guests as possible share one, first hosts least of all."""

from __future__ import annotations

from tmlab.cpus import least_used

TWO = {0, 1}


def booted(*labs: int, usable: set[int] = TWO) -> dict[tuple[str, str], frozenset[int]]:
    """Boot labs of so many hosts, one after the other."""
    guests: dict[tuple[str, str], frozenset[int]] = {}
    for lab, hosts in enumerate(labs):
        for host in range(1, hosts + 1):
            name = f"vtep{host}"
            guests[str(lab), name] = frozenset({least_used(name, guests, usable)})
    return guests


def test_the_hosts_of_a_lab_take_turns() -> None:
    assert list(booted(3).values()) == [{0}, {1}, {0}]


def test_first_hosts_are_spread_before_all_others() -> None:
    guests = booted(3, 3, 1, 1)
    firsts = [guests[str(lab), "vtep1"] for lab in range(4)]
    assert sorted(map(min, firsts)) == [0, 0, 1, 1]


def test_only_what_may_be_used_is_used() -> None:
    assert set(booted(3, usable={5}).values()) == {frozenset({5})}


def test_a_guest_that_is_not_bound_counts_everywhere() -> None:
    assert least_used("vtep1", {("a", "vtep1"): frozenset(TWO)}, TWO) == 0
