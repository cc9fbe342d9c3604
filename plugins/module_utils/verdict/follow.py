# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follows a host: hears the kernel, waits for calm, looks once, and tells what has changed."""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.errors import InputError, TunnelMeshError
from ..kernel.namespace import Lock
from ..kernel.notices import Notices
from ..kernel.runs import Told
from . import database, drift, info, view
from .gather import Gatherer
from .model import Expected, Snapshot, Verdict

LOGGER = logging.getLogger("tunnelmesh.ovs")
Tell = Callable[[dict[str, Any]], Awaitable[None]]
# Seconds between two questions whether a run of ours is over, and how long one may take.
_PAUSE, _LONGEST_RUN = 0.1, 600.0
# A storm of notices delays a look by so many times the calm that is waited for.
_STORM = 4
# So often a look is taken again because of a run under it.
_AGAIN = 20
_NUMBERS = {"debounce": 0.5, "settle": 5.0, "interval": 60.0}


@dataclass(frozen=True)
class Options:
    """Checked options; see the documentation of the event source.

    :param wanted: what was declared; ports None: what carries a mark is remembered instead.
    """

    wanted: Expected
    database: Mapping[str, Any]
    host: str
    debounce: float
    settle: float
    interval: float


def options(args: Mapping[str, Any]) -> Options:
    """The arguments of the event source.

    :raises InputError: an unknown argument, or a value that is none.
    """
    texts = ("owner", "database", "host")
    known = {*_NUMBERS, *texts, "ports", "tunnels"}
    unknown = sorted(set(args) - known)
    if unknown:
        raise InputError(
            f"unknown argument {', '.join(unknown)}", remedy=f"there are {', '.join(sorted(known))}"
        )
    params = {
        "owner": args.get("owner"),
        "expected_ports": args.get("ports"),
        "expected_tunnels": args.get("tunnels"),
    }
    return Options(
        wanted=info.expected(params),
        database={"database": args.get("database")},
        host=str(args.get("host") or platform.node()),
        **{name: _seconds(args, name, default) for name, default in _NUMBERS.items()},
    )


def _seconds(args: Mapping[str, Any], name: str, default: float) -> float:
    try:
        value = float(args.get(name, default))
    except (TypeError, ValueError):
        value = -1.0
    if not 0 <= value <= 86400:
        raise InputError(f"{name} is {args.get(name)!r}", remedy="give seconds from 0 to 86400")
    return value


class Follower:
    """One host, followed until it is cancelled."""

    def __init__(self, wanted: Options, notices: Notices | None = None) -> None:
        self._options = wanted
        # Before the first look: what changes after it is heard.
        self._notices = notices or Notices()
        self._gatherer = Gatherer(info.database_of(wanted.database))
        self._ledger = drift.Ledger()
        self._known: drift.Declared = {}
        self._before: drift.Declared = {}
        self._heard = asyncio.Event()
        self._told = Told()
        self._failure: str | None = None
        self._warned: set[str] = set()

    def close(self) -> None:
        """Close all sockets."""
        self._told.close()
        self._notices.close()
        self._gatherer.close()

    async def run(self, tell: Tell) -> None:
        """Look, tell, and wait for the next notice or the interval, for ever."""
        loop = asyncio.get_running_loop()
        for one in self._notices.sockets:
            loop.add_reader(one, self._hear)
        try:
            LOGGER.info("following %s", self._options.host)
            while True:
                await self._calm()
                for event in await loop.run_in_executor(None, self._look):
                    await tell({"host": self._options.host, **event})
                await self._wait()
        finally:
            for one in self._notices.sockets:
                loop.remove_reader(one)

    def _hear(self) -> None:
        lost = self._notices.lost
        if self._notices.drain():
            self._heard.set()
        if self._notices.lost > lost:
            LOGGER.warning("the kernel dropped notices; the whole host is looked at")

    async def _wait(self) -> None:
        """Until something is heard, or the interval is over."""
        try:
            await asyncio.wait_for(self._heard.wait(), self._options.interval or None)
        except asyncio.TimeoutError:
            return

    async def _calm(self) -> None:
        """Until nothing is heard for a while, and no run of ours is at work."""
        for _attempt in range(_STORM):
            if not self._heard.is_set():
                break
            self._heard.clear()
            await asyncio.sleep(self._options.debounce)
        end = asyncio.get_running_loop().time() + _LONGEST_RUN
        while Lock.held() and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_PAUSE)
        self._heard.clear()

    def _look(self) -> list[dict[str, Any]]:
        """What to tell after one look; a look that fails is told once, and taken again."""
        try:
            events = self._compared()
        except TunnelMeshError as error:
            if self._failure == error.message:
                return []
            self._failure = error.message
            told = {"cause": error.cause, "culprit": error.culprit, "remedy": error.remedy}
            return [{"state": "blind", "code": "look_failed", **told}]
        self._failure = None
        return events

    def _compared(self) -> list[dict[str, Any]]:
        """What is new and what is solved.

        A look that a run of ours has changed something under is no look: it is taken again.
        """
        wanted = self._options.wanted
        for _attempt in range(_AGAIN):
            expected = self._expected(wanted)
            seen, found = self._judged(expected)
            if not (self._told.waiting() or Lock.held()):
                break
            time.sleep(_PAUSE)
        self._before = drift.remembered(seen, wanted.owner)
        self._gatherer.baseline = dict(view.counters(seen))
        return self._ledger.compare(drift.managed(found, expected, wanted.owner))

    def _expected(self, wanted: Expected) -> Expected:
        """What was declared; of ports what is remembered, and what runs of ours have made since."""
        changed = self._told.take()  # before the look: what comes later is for the next one
        seen = self._gatherer.snapshot(wanted)
        if not self._gatherer.baseline:  # errors of the past are none of what happens now
            self._gatherer.baseline = dict(view.counters(seen))
        if wanted.ports is not None:
            return wanted
        now = drift.remembered(seen, wanted.owner)
        self._known = drift.learnt(self._known, self._before, now, changed)
        return replace(wanted, ports=self._known)

    def _judged(self, wanted: Expected) -> tuple[Snapshot, list[Verdict]]:
        look = info.Look(self._gatherer, wanted, "suspects")
        seen, found = look.take(self._options.settle)
        warnings = {*look.warnings, *((database.DENIED,) if seen.reason == database.DENIED else ())}
        for text in sorted(warnings - self._warned):
            LOGGER.warning("%s", text)
        self._warned |= warnings
        return seen, found
