"""What is told from one look to the next, and what is remembered of ports that carry a mark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict import drift, follow
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.judge import judge
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.model import (
    Expected,
    Snapshot,
)
from tests.unit.kernel.builders import PEERS
from tests.unit.verdict.builders import (
    DEVICE,
    PORT,
    attributes,
    change,
    kernel_host,
    kernel_seen,
    ovsdb_host,
    ovsdb_seen,
    unlink,
)

ELSE = {"name": "vx9", "vni": 9}


def _events(ledger: drift.Ledger, seen: Snapshot, known: drift.Declared) -> list[tuple[str, str]]:
    expected = Expected(ports=known, owner="default")
    found = drift.managed(judge(seen, expected), expected, "default")
    return [(one["state"], one["code"]) for one in ledger.compare(found)]


def test_a_problem_is_told_when_it_comes_and_when_it_goes() -> None:
    ledger, known = drift.Ledger(), drift.remembered(kernel_seen(), "default")
    down = kernel_seen(change(kernel_host(), PORT, up=False))
    assert _events(ledger, kernel_seen(), known) == []
    assert _events(ledger, down, known) == [("new", "device_down")]
    assert _events(ledger, down, known) == []
    assert _events(ledger, kernel_seen(), known) == [("solved", "device_down")]
    assert _events(ledger, kernel_seen(), known) == []


def test_a_port_that_is_gone_is_remembered() -> None:
    known = drift.remembered(kernel_seen(), "default")
    gone = kernel_seen(unlink(kernel_host(), PORT, keep=False))
    assert _events(drift.Ledger(), gone, known) == [("new", "port_missing")]


def test_a_flood_list_is_compared_with_what_it_was() -> None:
    known = drift.remembered(kernel_seen(), "default")
    made = change(kernel_host(), PORT, flood=frozenset(PEERS[:1]))
    ledger = drift.Ledger()
    assert _events(ledger, kernel_seen(made), known) == [("new", "flood_differs")]
    shorter = kernel_seen(change(made, PORT, flood=frozenset()))
    assert _events(ledger, shorter, known) == [], "still the same problem, in other words"


def test_symptoms_go_with_their_root_cause() -> None:
    made = unlink(change(kernel_host(), PORT, up=False, flood=frozenset()), PORT)
    known = drift.remembered(kernel_seen(), "default")
    assert _events(drift.Ledger(), kernel_seen(made), known) == [("new", "device_detached")]


def test_a_device_that_many_tunnels_share_is_one_event() -> None:
    seen = ovsdb_seen(change(ovsdb_host(), DEVICE, up=False))
    assert _events(drift.Ledger(), seen, {}) == [("new", "device_down")]


@pytest.mark.parametrize("whose", ["somebody", "default", None])
def test_only_what_is_ours_is_told(whose: str | None) -> None:
    seen = kernel_seen(change(kernel_host(), PORT, up=False))
    expected = Expected(owner=whose)
    found = drift.managed(judge(seen, expected), expected, whose)
    assert bool(found) == (whose != "somebody")
    assert bool(drift.remembered(seen, whose)) == (whose != "somebody")


def test_what_is_remembered_is_no_problem_of_the_host_it_is_taken_from() -> None:
    for made in (
        kernel_host(),
        unlink(kernel_host(), PORT),
        attributes(kernel_host(), PORT, gbp=True),
    ):
        seen = kernel_seen(made)
        assert judge(seen, Expected(ports=drift.remembered(seen, None)))[1].findings == ()


@pytest.mark.parametrize(
    ("known", "before", "now", "changed", "learnt"),
    [
        ({"a": 1}, {"a": 1}, {}, (), {"a": 1}),
        ({"a": 1}, {"a": 1}, {}, ("a",), {}),
        ({"a": 1}, {"a": 1}, {"a": 2}, (), {"a": 1}),
        ({"a": 1}, {"a": 1}, {"a": 2}, ("a",), {"a": 2}),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"a": 2}, ("a",), {"a": 2, "b": 1}),
        ({"a": 1}, {"a": 1}, {"a": 2}, None, {"a": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}, None, {"a": 1}),  # drifted before; the run left it alone
        ({"a": 1}, {"a": 1}, {"a": 1, "b": 1}, (), {"a": 1, "b": 1}),
    ],
)
def test_what_a_run_of_ours_changed_is_meant_to_be_so(
    known: Any, before: Any, now: Any, changed: Any, learnt: Any
) -> None:
    names = None if changed is None else frozenset(changed)
    assert drift.learnt(known, before, now, names) == learnt


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"ownr": "x"}, "unknown argument ownr"),
        ({"debounce": "soon"}, "debounce is 'soon'"),
        ({"interval": -1}, "interval is -1"),
        ({"ports": [{"vni": 1}]}, "has no name"),
    ],
)
def test_bad_arguments_of_the_source_are_refused(args: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        follow.options(args)


def test_arguments_of_the_source_have_defaults() -> None:
    found = follow.options({"ports": [ELSE], "host": "hv1"})
    assert (found.debounce, found.settle, found.interval) == (0.5, 5.0, 60.0)
    assert (found.host, found.wanted.ports) == ("hv1", {"vx9": ELSE})
    assert replace(found.wanted, ports=None) == Expected()
