"""Which documents tell their readers to do something with hosts, and which of them are run when."""

from __future__ import annotations

import os
from pathlib import Path

from tests.tools.ci.model import ROOT

DOCUMENTS: dict[str, Path] = {
    "README": ROOT / "README.md",
    **{path.parent.name: path for path in sorted(ROOT.glob("roles/*/README.md"))},
    **{path.stem: path for path in sorted((ROOT / "docs/docsite/rst").glob("*.rst"))},
}
# Tell their readers nothing to do.
TEXT_ONLY = frozenset({"compatibility", "events"})
# `make test` does these; `make guides` does all of them, which takes a while.
SHORT = ("README",)
# No document, and left out with the long ones: test_demo.py.
DEMO = "demo"


EVERY = [*(name for name in DOCUMENTS if name not in TEXT_ONLY), DEMO]


def wanted() -> list[str]:
    """What to do: TUNNELMESH_GUIDES, a list of names or ``all``; by default SHORT."""
    words = os.environ.get("TUNNELMESH_GUIDES", " ".join(SHORT)).split()
    return EVERY if words == ["all"] else words


def chosen() -> list[str]:
    """The documents among it."""
    return [name for name in wanted() if name != DEMO]


def left_out() -> list[str]:
    """What is not done now."""
    return [name for name in EVERY if name not in wanted()]
