"""The linters: each is one check, all of them always run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.tools.ci.conventions import conventions
from tests.tools.ci.model import FAILED, PASSED, ROOT, Job, Outcome
from tests.tools.ci.process import Finished, run
from tests.tools.ci.sanity import ansible_test_sanity
from tests.tools.ci.site import build_site
from tests.tools.ci.tree import CACHE, build_tarball, tracked

COLLECTION = CACHE / "collections/ansible_collections/tunnelmesh/ovs"


@dataclass(frozen=True)
class Check:
    """A named linter. ``run`` does the work."""

    name: str
    run: Callable[[], Finished]


def scripts(*interpreters: str) -> list[str]:
    """List tracked files without extension whose first line names one of the interpreters."""
    found = []
    for name in tracked():
        path = ROOT / name
        if path.suffix or not path.is_file():
            continue
        with path.open("rb") as file:
            words = file.readline(80).decode(errors="replace").split()
        if words and words[0].startswith("#!") and words[-1].rpartition("/")[2] in interpreters:
            found.append(name)
    return found


def tool(*command: str) -> Callable[[], Finished]:
    """Return a check that runs a command in the checkout."""
    return lambda: run(command)


def ruff(*arguments: str) -> Callable[[], Finished]:
    """Return a ruff check of the whole checkout, scripts without extension included."""
    return lambda: run(["ruff", *arguments, ".", *scripts("python3")])


def mypy() -> Finished:
    """Type-check the collection under its real import name, and the tests."""
    targets = [str(COLLECTION / "plugins"), "tests", *scripts("python3")]
    finished = run(["mypy", *targets], env={"MYPYPATH": str(CACHE / "collections")})
    shown = os.path.relpath(COLLECTION, ROOT) + os.sep
    return Finished(finished.status, finished.output.replace(shown, ""))


def shellcheck() -> Finished:
    """Check shell scripts, by extension or first line."""
    named = [name for name in tracked() if name.endswith(".sh")]
    return run(["shellcheck", *named, *scripts("sh", "bash")])


def antsibull_docs() -> Finished:
    """Build the documentation of every plugin and role in memory and check its markup."""
    options = ["--plugin-docs", "--validate-collection-refs", "all"]
    strict = ["--disallow-unknown-collection-refs"]
    return run(["antsibull-docs", "lint-collection-docs", *options, *strict, COLLECTION])


def changelog() -> Finished:
    """Check the changelog's fragments and its record of releases."""
    fragments = run(["antsibull-changelog", "lint"])
    record = ROOT / "changelogs/changelog.yaml"
    if fragments.status or not record.exists():
        return fragments
    return run(["antsibull-changelog", "lint-changelog-yaml", record])


def galaxy_importer() -> Finished:
    """Build the tarball and import it as Galaxy would."""
    try:
        tarball = build_tarball()
    except RuntimeError as error:
        return Finished(1, str(error))
    imported = run(
        ["python", "-m", "galaxy_importer.main", tarball],
        cwd=tarball.parent,
        # ansible-lint and ansible-test have checks of their own here.
        env={"GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"},
    )
    if "Importer processing completed successfully" not in imported.output:
        return Finished(imported.status or 1, imported.output)
    complaints = [line for line in imported.output.splitlines() if line.startswith("WARNING")]
    return Finished(imported.status or bool(complaints), imported.output)


# The slow ones first, so that the workers finish at about the same time.
CHECKS = [
    Check("ansible-lint", tool("ansible-lint", "--offline", "--profile", "production", "--strict")),
    Check("ansible-test sanity", ansible_test_sanity),
    Check("galaxy-importer", galaxy_importer),
    Check("antsibull-docs", antsibull_docs),
    Check("docs site", build_site),
    Check("mypy --strict", mypy),
    Check("yamllint", tool("yamllint", "--strict", ".")),
    Check("antsibull-changelog", changelog),
    Check("conventions", conventions),
    Check("shellcheck", shellcheck),
    Check("ruff check", ruff("check", "--output-format", "concise")),
    Check("ruff format", ruff("format", "--check")),
]


def outcome(check: Check, live: bool) -> Outcome:
    """Run a check: a failure has all that the tool said, a success what the tool left out because
    this machine lacks something.
    """
    del live  # one line each: there is nothing to watch
    finished = check.run()
    lines = finished.output.strip().splitlines()
    if finished.status:
        return Outcome(FAILED, _indented(lines))
    skipped = [line for line in dict.fromkeys(lines) if line.startswith("WARNING: Skipping")]
    return Outcome(PASSED, _indented([line.removeprefix("WARNING: ") for line in skipped]))


def _indented(lines: list[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)


def jobs(only: str | None = None) -> list[Job]:
    """List the linters, or those whose name contains ``only``; a name that fits none fails."""
    os.environ.setdefault("NO_COLOR", "1")
    chosen = [check for check in CHECKS if (only or "") in check.name]
    if chosen:
        return [Job("lint", check.name, partial(outcome, check)) for check in chosen]
    names = ", ".join(check.name for check in CHECKS)
    complaint = Outcome(FAILED, f"        no check is called {only!r}; there are: {names}")
    return [Job("lint", str(only), lambda _live: complaint)]
