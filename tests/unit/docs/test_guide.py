"""How guides are read, and that the guides of this checkout can be read."""

from __future__ import annotations

import pytest

from tests.integration.docs.guide import CONTROLLER, Command, File, missing, steps
from tests.tools.ci.model import ROOT

GUIDES = sorted((ROOT / "docs/docsite/rst").glob("*.rst"))
# Tells the reader nothing to do.
TEXT_ONLY = {"compatibility"}

EXAMPLE = """\
Title
=====

.. code-block:: yaml
   :caption: inventory.yml

   vteps:
     hosts: {}

   # the end

Text.

.. code-block:: console
   :class: refused

   $ one \\
       --more
   first line
   second ... line
   root@hv2:~# two

.. code-block:: text

   $ not run
"""


def test_files_and_commands_come_in_the_order_of_the_text() -> None:
    file, one, two = steps(EXAMPLE)
    assert file == File("inventory.yml", "vteps:\n  hosts: {}\n\n# the end\n", 7)
    assert isinstance(one, Command)
    assert (one.where, one.script) == (CONTROLLER, "one \\\n    --more")
    assert (one.refused, one.shown, one.line) == (True, ["first line", "second ... line"], 17)
    assert isinstance(two, Command)
    assert (two.where, two.script, two.shown, two.line) == ("hv2", "two", [], 21)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".. code-block:: yaml\n\n   a: 1\n", "line 3: a block of yaml"),
        (".. code-block::\n\n   a: 1\n", "a block of no language"),
        (".. code-block:: console\n\n   output\n", "line 3: output without a command"),
    ],
)
def test_a_block_that_nobody_could_run_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        steps(text)


@pytest.mark.parametrize(
    ("shown", "output", "expected"),
    [
        (["b", "d"], "a\nb\nc\nd\n", None),
        (["d", "b"], "a\nb\nc\nd\n", "b"),
        (["+  mtu: 1"], "+ mtu:   1\n", None),
        (["1 packets, ...loss"], "1 packets, 0% loss\n", None),
        (["1 packets"], "11 packets\n", "1 packets"),
        (["..."], "", None),
        (["a.c"], "abc\n", "a.c"),
    ],
)
def test_what_is_shown_has_to_come_in_order(
    shown: list[str], output: str, expected: str | None
) -> None:
    assert missing(shown, output) == expected


@pytest.mark.parametrize("name", [path.stem for path in GUIDES])
def test_every_guide_can_be_followed(name: str) -> None:
    todo = steps((ROOT / f"docs/docsite/rst/{name}.rst").read_text(encoding="utf-8"))
    assert (name in TEXT_ONLY) != any(isinstance(step, Command) for step in todo)
