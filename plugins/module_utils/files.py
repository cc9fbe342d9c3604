# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A set of small files and links: read, compare (pure), write.

Private to this collection.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from .core.errors import ApplyError, ConflictError, InputError

LARGEST = 1 << 20  # bytes of a file that is compared; ours are small


@dataclass(frozen=True)
class File:
    """What a path is, or shall be: a file (``content``), a link (``target``), or nothing.

    :ivar mode: permission bits of a file, or None for a link or nothing.
    """

    content: Optional[str] = None
    target: Optional[str] = None
    mode: Optional[int] = None

    def __str__(self) -> str:
        """For the diff."""
        if self.target is not None:
            return f"-> {self.target}\n"
        return self.content or ""


NOTHING = File()


def desired(entry: Mapping[str, Any]) -> File:
    """The declared state of a path.

    :raises InputError: a relative path, a mode that is none, content and target together.
    """
    path = entry["path"]
    if not Path(path).is_absolute():
        raise InputError(f"the path {path!r} is not absolute")
    given = [key for key in ("content", "target") if entry.get(key) is not None]
    if entry["state"] == "absent":
        return NOTHING
    if len(given) != 1:
        raise InputError(f"{path}: give either content or target")
    if given == ["target"]:
        return File(target=entry["target"])
    try:
        mode = int(entry["mode"], 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o7777:
        raise InputError(
            f"{path}: the mode {entry['mode']!r} is not an octal number",
            remedy="write it as '0644'",
        )
    return File(content=entry["content"], mode=mode)


def observe(path: str) -> File:
    """What a path is now.

    :raises ConflictError: something is there that is neither a file nor a link.
    """
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return File(target=str(Path(path).readlink()))
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise ConflictError(
                f"{path} exists and is not a small regular file", remedy="move it out of the way"
            )
        content = Path(path).read_bytes().decode("utf-8", "replace")
        return File(content=content, mode=stat.S_IMODE(found.st_mode))
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING


def apply(entries: Sequence[Mapping[str, Any]], check_mode: bool) -> dict[str, Any]:
    """Bring every path to its declared state; the result is that of the module.

    :raises ApplyError: a path cannot be written; what was written before it is put back, or named.
    """
    wanted = [
        (entry["path"], desired(entry))
        for entry in entries
        if not (entry["optional"] and not Path(entry["path"]).parent.is_dir())
    ]
    changes = [(path, observe(path), want) for path, want in wanted]
    changes = [change for change in changes if change[1] != change[2]]
    if not check_mode:
        _write_all([(path, want) for path, _have, want in changes])
    return {
        "changed": bool(changes),
        "actions": [{"action": _verb(have, want), "path": path} for path, have, want in changes],
        "diff": [_diff(path, have, want) for path, have, want in changes],
    }


def _verb(have: File, want: File) -> str:
    if want == NOTHING:
        return "delete"
    return "create" if have == NOTHING else "change"


def _diff(path: str, have: File, want: File) -> dict[str, str]:
    def header(file: File) -> str:
        if file == NOTHING:
            return f"{path} (absent)"
        return path if file.mode is None else f"{path} (mode {file.mode:04o})"

    return {
        "before_header": header(have),
        "after_header": header(want),
        "before": str(have),
        "after": str(want),
    }


@dataclass(frozen=True)
class _Kept:
    """What a path was before, to the byte, to put it back."""

    path: str
    content: Optional[bytes] = None
    target: Optional[str] = None
    mode: int = 0
    owner: tuple[int, int] = (-1, -1)


def _keep(path: str) -> _Kept:
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return _Kept(path, target=str(Path(path).readlink()))
        owner = (found.st_uid, found.st_gid)
        return _Kept(path, Path(path).read_bytes(), None, stat.S_IMODE(found.st_mode), owner)
    except (FileNotFoundError, NotADirectoryError):
        return _Kept(path)


def _write_all(wanted: Sequence[tuple[str, File]]) -> None:
    """Write every path, or none: after a failure what was there before is put back."""
    kept: list[_Kept] = []
    for path, want in wanted:
        content = None if want.content is None else want.content.encode()
        try:
            kept.append(_keep(path))
            _write(_Kept(path, content, want.target, want.mode or 0))
        except OSError as error:
            failure = ApplyError(
                f"{path} cannot be written: {error.strerror}",
                errno=error.errno,
                remedy="create its folder, and run the task as root",
            )
            _put_back(kept[:-1], failure)
            raise failure from error


def _put_back(kept: Sequence[_Kept], failure: ApplyError) -> None:
    """Undo, the last first; what stays is named in the failure."""
    left = [text for old in reversed(kept) if (text := _complaint(old))]
    if left:
        failure.details["leftovers"] = left
    elif kept:
        failure.note = "What this run had changed is undone"
        failure.details["rolled_back"] = True


def _complaint(old: _Kept) -> str | None:
    try:
        _write(old)
    except OSError as error:
        return f"{old.path} (not put back: {error.strerror})"
    return None


def _write(want: _Kept) -> None:
    """Atomic: a reader, or a crash, meets the old or the new, never half of one.

    The draft has a fixed name, so that the next run replaces what a killed one left.
    """
    place = Path(want.path)
    if want.content is None and want.target is None:
        place.unlink(missing_ok=True)
        return
    draft = place.with_name(f".{place.name}.tunnelmesh")
    draft.unlink(missing_ok=True)
    try:
        if want.target is not None:
            draft.symlink_to(want.target)
        else:
            _fill(draft, want)
        draft.replace(place)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _fill(draft: Path, want: _Kept) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(want.content or b"")
        stream.flush()
        if want.owner != (-1, -1):
            os.fchown(descriptor, *want.owner)
        os.fchmod(descriptor, want.mode)
        os.fsync(descriptor)  # a name that outlives a crash must not lead to an empty file
