"""Rounds of a race, and what came of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

ROUNDS = int(os.environ.get("TUNNELMESH_TEST_ROUNDS", "1"))


def point_of(number: int, points: int) -> int:
    """Where a round acts: first between the look and the first write, then in prime steps."""
    return 1 + (3 + number * 7) % points


class Verdict:
    """What was wrong in any round, and in which words runs failed."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.wrong: list[Any] = []
        self.words: list[str] = []

    def take(self, result: Mapping[str, Any]) -> bool:
        """Note a disturbed run; whether it failed."""
        if result.get("failed"):
            self.words.append(result["msg"])
        return bool(result.get("failed"))

    def give(self) -> None:
        """Print it; every round has to have ended right."""
        print(f"{self.title}: {ROUNDS} rounds, {ROUNDS - len(self.wrong)} right in the end,")
        print(f"  {len(self.words)} runs failed in words: {sorted(set(self.words))[:3]}")
        assert not self.wrong
