"""How guides are read, and that the guides of this checkout can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.docs.documents import DOCUMENTS, TEXT_ONLY
from tests.integration.docs.guide import (
    CONTROLLER,
    Command,
    File,
    blocks,
    fences,
    missing,
    read,
    steps,
)
from tests.tools.ci.model import ROOT

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
    file, one, two = steps(blocks(EXAMPLE))
    assert file == File("inventory.yml", "vteps:\n  hosts: {}\n\n# the end\n", 7)
    assert isinstance(one, Command)
    assert (one.where, one.script) == (CONTROLLER, "one \\\n    --more")
    assert (one.refused, one.shown, one.line) == (True, ["first line", "second ... line"], 17)
    assert isinstance(two, Command)
    assert (two.where, two.script, two.shown, two.line) == ("hv2", "two", [], 21)


MARKDOWN = """\
# Title

```yaml
# inventory.yml
vteps: {}
```

```sh
make demo
```

```console refused
$ one
root@hv1:~# two
shown
```
"""


def test_markdown_is_read_as_well() -> None:
    file, one, two = steps(fences(MARKDOWN))
    assert file == File("inventory.yml", "# inventory.yml\nvteps: {}\n", 4)
    assert one == Command(CONTROLLER, "one", 13, True, [])
    assert two == Command("hv1", "two", 14, True, ["shown"])


def test_a_file_without_a_name_is_refused_in_markdown() -> None:
    with pytest.raises(ValueError, match="line 2: a block of yaml"):
        steps(fences("```yaml\na: 1\n```\n"))


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
        steps(blocks(text))


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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_can_be_followed(name: str) -> None:
    todo = read(DOCUMENTS[name])
    assert (name in TEXT_ONLY) != any(isinstance(step, Command) for step in todo)


PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "tests/lab/README.md", *DOCUMENTS.values()]
MAKE = re.compile(r"(?:`|^)make ([a-z-]+(?: [a-z-]+)*)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    named = {
        target
        for words in MAKE.findall(page.read_text(encoding="utf-8"))
        for target in words.split()
    }
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]
