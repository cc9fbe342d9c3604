"""Builds the guests' root file system once and keeps it in the cache, one per recipe."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from . import recipe
from .errors import LabError
from .paths import GUEST_FILES, cache_dir, labs_dir, locked
from .progress import Progress
from .shell import run

_MODULES = Path("/usr/lib/uml/modules")
_IN_USE = 3600.0  # seconds after its last use in which an image is not removed
_IMAGE = "root.ext4"


def ensure(progress: Progress) -> Path:
    """Path of the root file system image; builds it when the recipe has none yet.

    Two callers at once build one: the second waits for the first. Raises LabError when the build
    fails; nothing half-built is ever left under the final name.
    """
    folder = cache_dir() / "rootfs"
    image = folder / recipe.digest(_kernel_version()) / _IMAGE
    if image.exists():
        os.utime(image.parent)
        return image
    with locked(cache_dir() / "rootfs.lock"):
        if image.exists():
            return image
        for leftover in folder.glob(".build-*"):
            shutil.rmtree(leftover)
        folder.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix=".build-", dir=folder))
        try:
            _build(build, progress)
            build.rename(image.parent)
        except BaseException:
            shutil.rmtree(build, ignore_errors=True)
            raise
        _prune(folder, image.parent)
    return image


def _kernel_version() -> str:
    """Version of the installed UML kernel, e.g. 6.1.176; its modules go into the image."""
    versions = sorted(path.name for path in _MODULES.glob("*") if path.is_dir())
    if not versions:
        raise LabError(f"no kernel modules in {_MODULES}: reinstall the package user-mode-linux")
    return versions[-1]


def _build(build: Path, progress: Progress) -> None:
    build.chmod(0o755)  # mmdebstrap's unprivileged downloader must reach it
    root = build / "root"
    progress(f"building the root file system (Debian {recipe.SUITE}, once)")
    _bootstrap(root)
    progress("packing the root file system")
    _customise(root)
    image = build / _IMAGE
    run(["truncate", "-s", recipe.IMAGE_SIZE, str(image)])
    run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", str(root), str(image)])
    shutil.rmtree(root)


def _bootstrap(root: Path) -> None:
    """Install the packages; the mount namespace lets no mount survive a crash."""
    command = ["unshare", "--mount", "mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"]
    command += [f"--include={','.join(recipe.PACKAGES)}", *_proxy_options()]
    sources = _debian_sources()
    run([*command, recipe.SUITE, str(root), *(["-"] if sources else [])], stdin=sources)


def _debian_sources() -> str:
    """This machine's own sources of the suite, so that its mirror is used; empty: the default."""
    template = "$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CREATED_BY)"
    lines = set()
    for row in run(["apt-get", "indextargets", "--format", template]).stdout.splitlines():
        origin, codename, uri, release, component, kind = row.split("|")
        if origin == "Debian" and codename.split("-")[0] == recipe.SUITE and kind == "Packages":
            lines.add(f"deb {uri} {release} {component}\n")
    return "".join(sorted(lines))


def _proxy_options() -> list[str]:
    """This machine's apt proxy settings as options of mmdebstrap."""
    dump = run(["apt-config", "dump"]).stdout.splitlines()
    rows = [row for row in dump if row.lower().startswith(("acquire::http", "acquire::https"))]
    return [f"--aptopt={row.rstrip(';')}" for row in rows if "::proxy" in row.lower()]


def _customise(root: Path) -> None:
    version = _kernel_version()
    shutil.copytree(_MODULES / version, root / "usr/lib/modules" / version, symlinks=True)
    run(["chroot", str(root), "depmod", version])
    shutil.copy2(GUEST_FILES / "lab-init", root / "usr/sbin/lab-init")
    for name, text in recipe.FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    units = root / "etc/systemd/system"
    for unit in recipe.MASKED_UNITS:
        _link(units / unit, "/dev/null")
    for unit in recipe.ON_DEMAND_UNITS:
        (root / "usr/lib/systemd/system/multi-user.target.wants" / unit).unlink()
    _link(units / "default.target", "/lib/systemd/system/multi-user.target")
    masked_generators = root / "etc/systemd/system-generators"
    masked_generators.mkdir(parents=True, exist_ok=True)
    for generator in (root / "usr/lib/systemd/system-generators").iterdir():
        _link(masked_generators / generator.name, "/dev/null")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    key = root / "etc/ssh/ssh_host_ed25519_key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(key)])
    run(["chroot", str(root), "python3", "-m", "compileall", "-q", "/usr/lib/python3"])


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _prune(folder: Path, keep: Path) -> None:
    """Remove images of older recipes that no lab boots from, nor is just about to."""
    used = {keep}
    for state in labs_dir().glob("*/lab.json"):
        used.add(Path(json.loads(state.read_text())["image"]).parent)
    for old in folder.iterdir():
        if old not in used and time.time() - old.stat().st_mtime > _IN_USE:
            shutil.rmtree(old)
