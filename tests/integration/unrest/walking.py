"""What random walks have in common: how far they go, and what they count."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

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
