"""What random walks have in common: how far they go, and what they count."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.integration.ovsdb.witness import Ovs

# TUNNELMESH_TEST_STEPS=5000 walks that far, another way every time; without it the walk is short,
# and the same one.
ASKED = "TUNNELMESH_TEST_STEPS"
STEPS = int(os.environ.get(ASKED, "10"))
# A walk starts from a clean host after so many steps.
LEG = 12
# Hypothesis begins with the dullest walks that there are; so many are not walked.
DULL = 10


class Walk(RuleBasedStateMachine):
    """Steps are declared sets and edits; the walls are the laws."""

    counts: ClassVar[Counter[str]] = Counter()
    left: ClassVar[int] = 0
    walks: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        Walk.walks += 1

    @property
    def walking(self) -> bool:
        """There are steps left to take."""
        return Walk.left > 0 and Walk.walks > DULL

    def take(self, step: Callable[[], None]) -> None:
        """Take a step; what goes wrong is told by hypothesis, by taking the same way once more."""
        Walk.left -= 1
        try:
            step()
        except BaseException:
            Walk.left = LEG + 1
            raise


class SetWalk(Walk):
    """One set after the other is declared on a host with Open vSwitch."""

    ovs: ClassVar[Ovs]
    task: dict[str, Any]

    def declare(self, task: dict[str, Any] | None, edits: list[str]) -> None:
        """Somebody else is at work, then comes another set, or with None the same again."""
        if not self.walking:
            return
        self.counts["edits"] += len(edits)
        if edits:
            script = "; ".join(f"({edit})" for edit in edits)
            self.ovs.sh(f"({script}) >/dev/null 2>&1", check=False)
        if task is not None:
            self.task = task
        self.take(self.check_run)

    def check_run(self) -> None:
        """Dry run, run, run again: the laws."""
        raise NotImplementedError


def steps(
    tasks: st.SearchStrategy[dict[str, Any]], edits: Sequence[str]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a method that takes what ``SetWalk.declare`` takes."""
    return rule(
        task=st.one_of(tasks, tasks, st.none()),
        edits=st.lists(st.sampled_from(edits), max_size=3),
    )


def walk(machine: type[Walk]) -> Counter[str]:
    """Take all steps; what was counted on the way."""
    Walk.left, Walk.walks = STEPS, 0
    Walk.counts.clear()
    found = settings(
        # Walks can end early; those that find all steps done cost nothing.
        max_examples=DULL + 20 + STEPS,
        stateful_step_count=LEG,
        derandomize=ASKED not in os.environ,
        database=None,
        deadline=None,
        print_blob=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=found)
    finally:
        print(f"{machine.__name__}: {dict(Walk.counts)}")
    assert Walk.left == 0
    return Walk.counts
