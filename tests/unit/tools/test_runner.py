"""The runner behind `make test`: it must neither lose a failure nor invent a success."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.tools.ci import lint, process, queue, suites, tree
from tests.tools.ci.model import (
    FAILED,
    PASSED,
    ROOT,
    SKIPPED,
    Job,
    Outcome,
    Tally,
    duration,
    total,
)
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
    ("text", "expected", "said"),
    [
        ("def test_a():\n    pass\n", PASSED, ""),
        ("def test_a():\n    assert 0\ndef test_b():\n    pass\n", Tally(1, 1), "assert 0"),
        ("raise RuntimeError\n", FAILED, "RuntimeError"),
        ("", FAILED, "holds no test"),
    ],
    ids=["passes", "fails", "does not import", "holds no test"],
)
def test_a_suite_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: Tally, said: str
) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/test_it.py").write_text(text)
    monkeypatch.setattr(suites, "CACHE", tmp_path)
    outcome = suites.pytest_suite(str(tmp_path / "suite"))
    assert outcome.tally == expected
    assert (said in outcome.text) if said else (outcome.text == "")


def test_a_scenario_that_does_not_exist_fails() -> None:
    outcome = suites.scenario("nothing").work(False)
    assert outcome.tally == FAILED
    assert "there is no scenario 'nothing'; there are: check_mode, default" in outcome.text


def test_the_lists_name_what_this_checkout_has() -> None:
    assert set(suites.chosen_for_ci()) <= set(suites.scenarios())
    folders = suites.integration_folders()
    names = {*folders, "tests/unit", *(check.name for check in lint.CHECKS)}
    assert set(queue.LONGEST) <= names
    assert {f"tests/integration/{name}" for name in suites.LONG_FOLDERS} <= set(folders)


def test_a_queue_neither_loses_a_failure_nor_stops_at_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def breaks(_live: bool) -> Outcome:
        raise OSError("no such tool")

    jobs = [
        Job("lint", "good", lambda _live: Outcome(PASSED)),
        Job("lint", "bad", lambda _live: Outcome(FAILED, "line 7 is wrong")),
        Job("unit", "broken", breaks),
        Job("unit", "many", lambda _live: Outcome(Tally(7, 0, 2))),
    ]
    counted = queue.work_off(jobs)
    assert {stage: total(tallies) for stage, tallies in counted.items()} == {
        "lint": Tally(1, 1),
        "unit": Tally(7, 1, 2),
    }
    printed = capsys.readouterr().out
    assert "line 7 is wrong" in printed
    assert "broke off: OSError: no such tool" in printed
    assert "7 passed, 0 failed, 2 skipped" in printed


@pytest.mark.parametrize("number", [1, 2])
def test_only_a_job_that_runs_alone_shows_its_output_as_it_comes(number: int) -> None:
    shown: list[bool] = []

    def work(live: bool) -> Outcome:
        shown.append(live)
        return Outcome(PASSED)

    queue.work_off([Job("unit", str(index), work) for index in range(number)])
    assert shown == [number == 1] * number


def test_linters_are_chosen_by_a_part_of_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    skipped = "\n".join(["WARNING: Skipping sanity test 'x' on Python 3.1"] * 2)
    checks = [
        lint.Check("good", lambda: Finished(0, skipped)),
        lint.Check("bad", lambda: Finished(1, "line 7 is wrong")),
    ]
    monkeypatch.setattr(lint, "CHECKS", checks)
    good, bad = (job.work(False) for job in lint.jobs())
    assert (good.tally, good.text.strip()) == (PASSED, "Skipping sanity test 'x' on Python 3.1")
    assert (bad.tally, bad.text.strip()) == (FAILED, "line 7 is wrong")
    assert [job.name for job in lint.jobs("goo")] == ["good"]
    [unknown] = lint.jobs("nothing")
    assert unknown.work(False).tally == FAILED


def test_the_copy_holds_what_git_knows_and_nothing_else(tmp_path: Path) -> None:
    target = tree.copy_to(tmp_path, wanted=lambda name: not name.startswith("plugins/"))
    assert (target / "galaxy.yml").read_bytes() == (ROOT / "galaxy.yml").read_bytes()
    assert not (target / "plugins").exists()
    assert not (target / ".cache").exists()
    assert not (target / ".git").exists()


def test_scripts_without_extension_are_linted() -> None:
    assert {"tests/tools/env", ".ci/run"} <= set(lint.scripts("sh", "bash"))
    assert all(os.access(ROOT / name, os.X_OK) for name in lint.scripts("sh", "bash"))
