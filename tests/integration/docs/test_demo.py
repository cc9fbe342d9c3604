"""The demonstration with the collection that users get, not with the checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.tools.ci.model import ROOT

DEADLINE = 900.0


def test_the_demonstration_runs_from_the_tarball(installed: Path) -> None:
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(installed),
        "DEMO_LAB": f"demo{os.getpid()}",
    }
    done = subprocess.run(
        [ROOT / "tests/demo/run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "All as expected" in done.stdout
