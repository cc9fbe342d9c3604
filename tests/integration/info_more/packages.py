"""NetworkManager from Debian's archive, for guests that have no way to fetch it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.integration.harness import ROOT

# What the guests have not: NetworkManager and the libraries that it links to.
PACKAGES = (
    "network-manager libnm0 libbluetooth3 libcurl3-gnutls libnghttp2-14 librtmp1 libssh2-1 "
    "libbrotli1 libldap-2.5-0 libpsl5 libglib2.0-0 libmm-glib0 libndp0 libteamdctl0 libdaemon0 "
    "libsasl2-2 libsasl2-modules-db"
)
USELESS = ("usr/share/doc", "usr/share/locale", "usr/share/man")


def unpacked() -> Path:
    """The packages' files in one tree, fetched by this machine's apt once and kept."""
    folder = ROOT / os.environ.get("TUNNELMESH_CACHE", ".cache") / "network-manager"
    tree = folder / "tree"
    if not (folder / "complete").exists():
        tree.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *PACKAGES.split()], cwd=folder, check=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, tree], check=True)
        for name in USELESS:
            subprocess.run(["rm", "-r", "-f", tree / name], check=True)
        (folder / "complete").touch()
    return tree
