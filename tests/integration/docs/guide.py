"""A guide as a program: its files and commands in the order of the text. Pure.

In reStructuredText:

- ``.. code-block:: LANGUAGE`` with a ``:caption:`` is a file of that name.
- ``.. code-block:: console`` holds commands; with ``:class: refused`` such that fail.

In Markdown:

- a fence of a language whose first line is ``# NAME.yml`` is a file of that name.
- a fence ``console`` holds commands; ``console refused`` such that fail.

In a block of commands ``$ `` runs on the controller, ``root@hv1:~# `` on that host. A line that
ends with a backslash goes on. What follows a command, up to the next one, is shown from its
output: every line has to come, in this order, with any others between; ``...`` stands for
anything, blanks do not count.

Any other block is text for people, and may only be of the languages in ``PROSE``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# ``sh``: commands in a checkout, for developers.
PROSE = frozenset({"text", "none", "sh"})
CONTROLLER = "controller"

_DIRECTIVE = re.compile(r"\.\. code-block:: *(\S*)$")
_OPTION = re.compile(r"   :(\w+): *(.*)$")
_FENCE = re.compile(r"```(\w*) *(\w*)$")
_NAMED = re.compile(r"# ([\w./-]+\.yml)$")
_PROMPT = re.compile(r"(?:\$|root@(?P<host>\w+):~#) (?P<command>.*)$")


@dataclass(frozen=True)
class Block:
    """One code block and the number of its first line."""

    language: str
    options: dict[str, str]
    text: str
    line: int


@dataclass(frozen=True)
class File:
    """A file that the reader writes."""

    name: str
    text: str
    line: int


@dataclass
class Command:
    """A command that the reader types, and what the guide shows of its output."""

    where: str
    script: str
    line: int
    refused: bool
    shown: list[str] = field(default_factory=list)


def blocks(text: str) -> Iterator[Block]:
    """Find the code blocks of a guide in reStructuredText."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        found = _DIRECTIVE.match(lines[at])
        at += 1
        if not found:
            continue
        options = {}
        while at < len(lines) and (option := _OPTION.match(lines[at])):
            options[option[1]] = option[2]
            at += 1
        start = at + 1
        body = []
        while at < len(lines) and (not lines[at].strip() or lines[at].startswith("   ")):
            body.append(lines[at][3:])
            at += 1
        yield Block(found[1], options, "\n".join(body).strip("\n") + "\n", start + 1)


def fences(text: str) -> Iterator[Block]:
    """Find the code blocks of a guide in Markdown."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if not (found := _FENCE.match(line)):
            continue
        body = []
        for _number, inner in lines:
            if inner == "```":
                break
            body.append(inner)
        options = {"class": found[2]} if found[2] else {}
        if body and (named := _NAMED.match(body[0])):
            options["caption"] = named[1]
        yield Block(found[1], options, "\n".join(body) + "\n", number + 1)


def read(path: Path) -> list[File | Command]:
    """What a document tells its reader to do. Raises ValueError for a block nobody could run."""
    text = path.read_text(encoding="utf-8")
    return steps(fences(text) if path.suffix == ".md" else blocks(text))


def steps(found: Iterator[Block]) -> list[File | Command]:
    """Turn the blocks into steps. Raises ValueError for a block that nobody could run."""
    result: list[File | Command] = []
    for block in found:
        if "caption" in block.options:
            result.append(File(block.options["caption"], block.text, block.line))
        elif block.language == "console":
            result.extend(commands(block))
        elif block.language not in PROSE:
            raise ValueError(
                f"line {block.line}: a block of {block.language or 'no language'} that is neither "
                "a file (:caption:) nor a console"
            )
    return result


def commands(block: Block) -> list[Command]:
    """Take a console block apart."""
    refused = block.options.get("class") == "refused"
    result: list[Command] = []
    goes_on = False
    for number, line in enumerate(block.text.splitlines(), block.line):
        prompt = _PROMPT.match(line)
        if goes_on:
            result[-1].script += "\n" + line
        elif prompt:
            where = prompt["host"] or CONTROLLER
            result.append(Command(where, prompt["command"], number, refused))
        elif not result:
            raise ValueError(f"line {number}: output without a command")
        elif line.strip():
            result[-1].shown.append(line)
        goes_on = line.endswith("\\") and (goes_on or prompt is not None)
    return result


def missing(shown: list[str], output: str) -> str | None:
    """The first line that a guide shows and the output lacks, in order; None when all came."""
    came = iter("".join(line.split()) for line in output.splitlines())
    for line in shown:
        parts = "".join(line.split()).split("...")
        if any(parts):
            pattern = re.compile(".*".join(map(re.escape, parts)))
            if not any(pattern.fullmatch(candidate) for candidate in came):
                return line
    return None
