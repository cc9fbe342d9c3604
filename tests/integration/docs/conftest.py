"""The collection as users get it: a tarball, installed into an empty collections path."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.docs.documents import left_out
from tests.tools.ci.tree import build_tarball

collect_ignore = [f"test_{name}.py" for name in left_out()]


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as users get it: what works only from the checkout is a fault."""
    return build_tarball(tmp_path_factory.mktemp("tarball"))


@pytest.fixture(scope="session")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path that holds nothing but the tarball's content."""
    folder = tmp_path_factory.mktemp("collections")
    # One that is installed anywhere on the path, such as this checkout, would be left at that.
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder)}
    install = ["ansible-galaxy", "collection", "install", "--offline", str(tarball)]
    subprocess.run(install, env=environment, check=True, capture_output=True)
    assert (folder / "ansible_collections/tunnelmesh/ovs/MANIFEST.json").is_file()
    return folder
