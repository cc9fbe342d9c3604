"""The runner behind `make test`: it must neither lose a failure nor invent a success."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.tools.ci import lint, process, suites, tree
from tests.tools.ci.model import FAILED, PASSED, ROOT, SKIPPED, Tally, duration, total
from tests.tools.ci.process import Finished, run


def test_tallies_add_up_and_mention_skips_only_when_there_are_some() -> None:
    assert str(total([PASSED, PASSED, FAILED])) == "2 passed, 1 failed"
    assert str(total([PASSED, SKIPPED])) == "1 passed, 0 failed, 1 skipped"
    assert total([]) == Tally()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (65.2, "1 min 05 s")]
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_command_returns_its_status_and_both_of_its_outputs() -> None:
    finished = run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert finished.status == 3
    assert finished.output.split() == ["out", "err"]


def test_a_command_that_exceeds_its_time_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.5)
    pid_file = tmp_path / "pid"
    finished = run(["sh", "-c", f"sleep 600 & echo $! > {pid_file}; wait"], seconds=1)
    assert finished.status == 124
    assert "not finished after 1 s" in finished.output
    child = Path("/proc") / pid_file.read_text().strip()
    deadline = time.monotonic() + 10
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(child)


def _alive(child: Path) -> bool:
    """A zombie that nobody has waited for yet does not count."""
    try:
        return ") Z " not in (child / "stat").read_text()
    except FileNotFoundError:
        return False


def test_junit_errors_count_as_failures(tmp_path: Path) -> None:
    record = tmp_path / "unit.xml"
    record.write_text(
        "<testsuites>"
        '<testsuite tests="9" failures="1" errors="2" skipped="3"/>'
        '<testsuite tests="1" failures="0" errors="0" skipped="0"/>'
        "</testsuites>"
    )
    assert suites.read_junit(record) == Tally(passed=4, failed=3, skipped=3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def test_a():\n    pass\n", PASSED),
        ("def test_a():\n    assert 0\ndef test_b():\n    pass\n", Tally(1, 1)),
        ("raise RuntimeError\n", FAILED),
        ("", FAILED),
    ],
    ids=["passes", "fails", "does not import", "holds no test"],
)
def test_a_suite_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: Tally
) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/test_it.py").write_text(text)
    monkeypatch.setattr(suites, "CACHE", tmp_path)
    assert suites.pytest_suite(str(tmp_path / "suite")) == expected


def test_only_scenarios_that_exist_may_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "scenarios", lambda: ["one", "two"])
    monkeypatch.setattr(suites, "run_scenario", lambda name: {"one": PASSED, "two": FAILED}[name])
    assert suites.molecule("one") == PASSED
    assert suites.molecule("three") == FAILED
    assert suites.molecule(everything=True) == Tally(1, 1)


def test_the_list_for_ci_names_scenarios_of_this_checkout() -> None:
    assert set(suites.chosen_for_ci()) <= set(suites.scenarios())


def test_a_failing_linter_fails_and_an_unknown_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks() -> Finished:
        raise OSError("no such tool")

    checks = [
        lint.Check("good", lambda: Finished(0, "fine")),
        lint.Check("bad", lambda: Finished(1, "line 7 is wrong")),
        lint.Check("broken", breaks),
    ]
    monkeypatch.setattr(lint, "CHECKS", checks)
    assert lint.lint() == Tally(1, 2)
    printed = capsys.readouterr().out
    assert "line 7 is wrong" in printed
    assert "no such tool" in printed
    assert lint.lint("good") == PASSED
    assert lint.lint("nothing") == FAILED


def test_the_copy_holds_what_git_knows_and_nothing_else(tmp_path: Path) -> None:
    target = tree.copy_to(tmp_path, wanted=lambda name: not name.startswith("plugins/"))
    assert (target / "galaxy.yml").read_bytes() == (ROOT / "galaxy.yml").read_bytes()
    assert not (target / "plugins").exists()
    assert not (target / ".cache").exists()
    assert not (target / ".git").exists()


def test_scripts_without_extension_are_linted() -> None:
    assert {"tests/tools/env", ".ci/run"} <= set(lint.scripts("sh", "bash"))
    assert all(os.access(ROOT / name, os.X_OK) for name in lint.scripts("sh", "bash"))
