"""ansible-test sanity on a copy of the checkout, with no download but of Python packages."""

from __future__ import annotations

import os
import re
from importlib import resources
from pathlib import Path

from tests.tools.ci.process import Finished, run
from tests.tools.ci.tree import CACHE, copy_to

# Stands in for the installer that ansible-test would download to put pip into its
# virtual environments: Python's own ensurepip does the same from disk.
GET_PIP = '''\
"""Install pip from Python's own bundle, then whatever was asked for."""
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--upgrade"] + wanted))
'''

# pip at work, and a remark on the locale that concerns no test of ours.
_NOISE = re.compile(
    r"\s|Installing|Using cached|Collecting|Downloading|Successfully|Requirement|.*[Ll]ocale"
)


def ansible_test_sanity() -> Finished:
    """Run every sanity test on every supported Python that is installed."""
    home = CACHE / "ansible-test"
    _provide_pip(home)
    collection = copy_to(CACHE / "sanity", wanted=_is_checked)
    # Without a repository of its own the copy is, to ansible-test, an ignored folder of
    # the checkout's repository: no file would be checked.
    run(["git", "init", "--quiet", collection])
    finished = run(
        ["ansible-test", "sanity", "--requirements", "--color", "no", "--truncate", "0"],
        cwd=collection,
        env=_environment(home),
    )
    lines = [line for line in finished.output.splitlines() if not _NOISE.match(line)]
    tested = any("Running sanity test" in line for line in lines)
    return Finished(finished.status if tested else 1, "\n".join(lines))


def _is_checked(name: str) -> bool:
    """Leave out what users never get: ruff, mypy and shellcheck cover tests and tools."""
    return not name.startswith("tests/") or name.startswith(("tests/sanity/", "tests/config"))


def _provide_pip(home: Path) -> None:
    """Put the replacement where ansible-test keeps the installer it once downloaded."""
    source = resources.files("ansible_test._internal") / "python_requirements.py"
    found = re.search(r"\bpip='([0-9.]+)'", source.read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError("this ansible-test no longer names its pip version: see sanity.py")
    script = home / ".ansible/test/cache" / f"get_pip_{found[1].replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP, encoding="utf-8")


def _environment(home: Path) -> dict[str, str]:
    """Return a home folder inside the cache and a PATH with all real interpreters."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    interpreters = [str(folder) for folder in sorted(versions.glob("3.*/bin"))]
    env = {
        "HOME": str(home),
        "PATH": os.pathsep.join([os.environ["PATH"], *interpreters]),
        "LC_ALL": "C.UTF-8",
    }
    user_settings = Path.home() / ".config/pip/pip.conf"
    if user_settings.exists():
        env.setdefault("PIP_CONFIG_FILE", str(user_settings))
    return env
