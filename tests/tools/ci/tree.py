"""Copies of the checkout that are real collections: for ansible-test and the tarball.

ansible-test wants a folder that really is ``ansible_collections/tunnelmesh/ovs``, not a
symlink; and a build from a copy contains what git knows and nothing else.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.tools.ci.model import ROOT
from tests.tools.ci.process import run

CACHE = ROOT / os.environ.get("TUNNELMESH_CACHE", ".cache")


def tracked() -> list[str]:
    """List the files of the checkout that git tracks or would track.

    Raises RuntimeError outside a git checkout.
    """
    listing = run(["git", "ls-files", "-z", "-co", "--exclude-standard"])
    if listing.status:
        raise RuntimeError(f"{ROOT} is not a git checkout: {listing.output.strip()}")
    names = filter(None, listing.output.split("\0"))
    return sorted(name for name in names if os.path.lexists(ROOT / name))


def copy_to(parent: Path, wanted: Callable[[str], bool] = bool) -> Path:
    """Copy the ``wanted`` files to ``parent/ansible_collections/tunnelmesh/ovs``, replacing it."""
    target = parent / "ansible_collections" / "tunnelmesh" / "ovs"
    shutil.rmtree(target, ignore_errors=True)
    for name in filter(wanted, tracked()):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    return target


def build_tarball(folder: Path = CACHE / "package") -> Path:
    """Build the collection from a clean copy into ``folder``, which is emptied first.

    Returns the tarball's path. Raises RuntimeError with the builder's output when it fails.
    """
    shutil.rmtree(folder, ignore_errors=True)
    source = copy_to(folder / "source")
    built = run(["ansible-galaxy", "collection", "build", "--output-path", folder], cwd=source)
    tarballs = list(folder.glob("tunnelmesh-ovs-*.tar.gz"))
    if built.status or len(tarballs) != 1:
        raise RuntimeError(built.output)
    shutil.rmtree(folder / "source")
    return tarballs[0]
