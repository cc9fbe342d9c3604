# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""host_files on a real file system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils import files
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    ConflictError,
    InputError,
)


def entry(path: Path | str, **options: Any) -> dict[str, Any]:
    common = {"state": "present", "content": None, "target": None, "mode": "0644"}
    return {"path": str(path), "optional": False, **common, **options}


def listing(folder: Path) -> dict[str, str]:
    return {
        path.name: str(path.readlink()) if path.is_symlink() else path.read_text()
        for path in folder.iterdir()
    }


def test_files_and_links_come_change_and_go(tmp_path: Path) -> None:
    wanted = [entry(tmp_path / "a", content="one\n"), entry(tmp_path / "l", target="a")]
    dry = files.apply(wanted, check_mode=True)
    assert listing(tmp_path) == {}
    real = files.apply(wanted, check_mode=False)
    assert dry == real
    assert [action["action"] for action in real["actions"]] == ["create", "create"]
    assert listing(tmp_path) == {"a": "one\n", "l": "a"}
    assert not files.apply(wanted, check_mode=False)["changed"]

    changed = files.apply([entry(tmp_path / "a", content="two\n", mode="0755")], check_mode=False)
    assert changed["diff"] == [
        {
            "before_header": f"{tmp_path}/a (mode 0644)",
            "after_header": f"{tmp_path}/a (mode 0755)",
            "before": "one\n",
            "after": "two\n",
        }
    ]
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o755
    gone = [entry(tmp_path / name, state="absent") for name in ("a", "l", "never")]
    assert len(files.apply(gone, check_mode=False)["actions"]) == 2
    assert listing(tmp_path) == {}


def test_mode_alone_is_drift(tmp_path: Path) -> None:
    wanted = [entry(tmp_path / "a", content="x")]
    files.apply(wanted, check_mode=False)
    (tmp_path / "a").chmod(0o600)
    assert files.apply(wanted, check_mode=False)["changed"]
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o644


def test_optional_file_needs_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a"
    assert not files.apply([entry(path, content="x", optional=True)], check_mode=False)["changed"]
    with pytest.raises(ApplyError, match="cannot be written: No such file"):
        files.apply([entry(path, content="x")], check_mode=False)


def test_bad_input_touches_nothing(tmp_path: Path) -> None:
    good = entry(tmp_path / "a", content="x")
    (tmp_path / "folder").mkdir()
    refused: list[tuple[dict[str, Any], type[Exception], str]] = [
        (entry("relative", content="x"), InputError, "not absolute"),
        (entry(tmp_path / "b", content="x", mode="rw"), InputError, "octal"),
        (entry(tmp_path / "b", content="x", mode="77777"), InputError, "octal"),
        (entry(tmp_path / "b"), InputError, "either content or target"),
        (entry(tmp_path / "b", content="x", target="y"), InputError, "either content or target"),
        (entry(tmp_path / "folder", content="x"), ConflictError, "not a small regular file"),
    ]
    for bad, kind, words in refused:
        with pytest.raises(kind, match=words):
            files.apply([good, bad], check_mode=False)
        assert not (tmp_path / "a").exists()


def test_what_was_written_before_a_failure_is_put_back(tmp_path: Path) -> None:
    odd = b"\xff not UTF-8\n"
    (tmp_path / "a").write_bytes(odd)
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "l").symlink_to("a")
    wanted = [
        entry(tmp_path / "a", content="new"),
        entry(tmp_path / "l", state="absent"),
        entry(tmp_path / "n", content="new"),
        entry(tmp_path / "missing" / "b", content="new"),
    ]
    with pytest.raises(ApplyError, match="missing/b cannot be written") as caught:
        files.apply(wanted, check_mode=False)
    assert caught.value.details == {"rolled_back": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "l"]
    assert (tmp_path / "a").read_bytes() == odd
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o640
    assert (tmp_path / "l").readlink() == Path("a")


def test_what_a_killed_run_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".a.tunnelmesh").symlink_to("/etc/passwd")
    files.apply([entry(tmp_path / "a", content="secret", mode="0600")], check_mode=False)
    assert listing(tmp_path) == {"a": "secret"}
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o600
