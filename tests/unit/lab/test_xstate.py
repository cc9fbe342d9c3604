"""The help for guests on a processor with more state than User-Mode Linux has room for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tmlab import prerequisites, xstate
from tmlab.errors import LabError

OLD = "processor\t: 0\nflags\t\t: fpu avx512f pku\nbugs\t\t: amx_tile\n"
NEW = "processor\t: 0\nflags\t\t: fpu avx512f amx_bf16 amx_tile\n"


def _compiler(argv: Sequence[str]) -> None:
    """Stands in for gcc, which a machine without AMX does not need; the lab has the real one."""
    if "broken" in argv[-1]:
        raise LabError("it does not compile")
    Path(argv[argv.index("-o") + 1]).touch()


def test_only_amx_makes_the_state_too_wide() -> None:
    assert xstate.is_wide(NEW)
    assert not xstate.is_wide(OLD)
    assert not xstate.is_wide("")


def test_a_compiler_is_asked_for_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites, "_exists", lambda _thing: False)
    monkeypatch.setattr(xstate, "needed", lambda: False)
    assert "gcc" not in prerequisites._missing()
    monkeypatch.setattr(xstate, "needed", lambda: True)
    assert {"gcc", "libc6-dev"} <= set(prerequisites._missing())


def test_the_library_is_made_once_and_an_older_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNNELMESH_CACHE", str(tmp_path))
    (tmp_path / "wide_xstate-old.so").touch()
    monkeypatch.setattr(xstate, "run", _compiler)
    xstate.ensure()
    first = xstate.library().stat()
    xstate.ensure()
    assert xstate.library().stat().st_mtime_ns == first.st_mtime_ns
    assert [path.name for path in tmp_path.glob("*.so")] == [xstate.library().name]


def test_a_source_that_does_not_compile_leaves_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNNELMESH_CACHE", str(tmp_path))
    broken = tmp_path / "broken.c"
    broken.write_text("")
    monkeypatch.setattr(xstate, "SOURCE", broken)
    monkeypatch.setattr(xstate, "run", _compiler)
    with pytest.raises(LabError):
        xstate.ensure()
    assert not list(tmp_path.glob("*.so"))
