"""Puts this checkout on the import path as ``ansible_collections.tunnelmesh.ovs``.

Ansible, pytest and mypy then import the collection by one and the same name, and a
plain ``pytest tests/unit`` works in a clone in any folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def collections_path() -> Path:
    """Return the folder that holds ``ansible_collections``, linked to this checkout."""
    folder = ROOT / os.environ.get("TUNNELMESH_CACHE", ".cache") / "collections"
    link = folder / "ansible_collections" / "tunnelmesh" / "ovs"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT)
    return folder


# A copy that ansible-test made is already a real collection.
if ROOT.parent.parent.name != "ansible_collections":
    sys.path.insert(0, str(collections_path()))
