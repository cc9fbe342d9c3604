"""Ends a lab, whatever state it is in."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import processes
from .namespace import Namespace
from .paths import labs_dir


def remove(state: Path, namespace: Namespace) -> bool:
    """Kill, unmount and delete all of a lab; False when there was nothing of it."""

    def mine() -> list[int]:
        in_state = processes.with_argument(f"tmlab_state={state}")
        return sorted({*processes.inside(namespace.path), *in_state, *_masters(state)})

    found = bool(mine()) or namespace.path.exists() or state.exists()
    processes.kill(mine)
    namespace.delete()
    shutil.rmtree(state, ignore_errors=True)
    return found


def names() -> list[str]:
    """Labs of this cache folder that have a state folder or a namespace."""
    folders = labs_dir().glob("*") if labs_dir().exists() else []
    found = {path.name for path in folders if path.is_dir()}
    for path in Path("/run/netns").glob("tmlab-*"):
        name = path.name.removeprefix("tmlab-")
        if Namespace(name, labs_dir() / name).found_owner() == labs_dir() / name:
            found.add(name)
    return sorted(found)


def _masters(state: Path) -> list[int]:
    """The kept SSH connections, which live outside the namespace."""
    return processes.titled(f"ssh: {state}/c/")
