# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The message classes of pyroute2, without the rest of it.

Its ``__init__`` loads 140 modules that are of no use here: 140 ms where the five classes take 20,
and ten times that on a small host. So its parts are loaded under a package that is not initialised.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

NAME = "pyroute2"


def classes() -> tuple[Any, ...] | None:
    """``genlmsg, nla, ifaddrmsg, ifinfmsg, ndmsg``; None where there is no pyroute2."""
    before = set(sys.modules)
    with _not_initialised():
        try:
            return _load()
        except (ImportError, AttributeError):  # a version whose parts need the whole
            pass
    for name in set(sys.modules) - before:
        if name.startswith(f"{NAME}."):
            del sys.modules[name]
    try:
        return _load()
    except ImportError:
        return None


@contextmanager
def _not_initialised() -> Iterator[None]:
    """In here ``import pyroute2.part`` does not run the package's own ``__init__``."""
    spec = None if NAME in sys.modules else importlib.util.find_spec(NAME)
    if spec is None or spec.submodule_search_locations is None:
        yield
        return
    bare = ModuleType(NAME)
    bare.__path__, bare.__spec__ = list(spec.submodule_search_locations), spec
    sys.modules[NAME] = bare
    try:
        yield
    finally:
        del sys.modules[NAME]  # whoever imports it next gets it whole


def _load() -> tuple[Any, ...]:
    from pyroute2.netlink import genlmsg, nla
    from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
    from pyroute2.netlink.rtnl.ndmsg import ndmsg

    return genlmsg, nla, ifaddrmsg, ifinfmsg, ndmsg
