# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One peer that is pinged, and what is found out about it; pure.

Private to this collection.
"""

from __future__ import annotations

import errno
import ipaddress
import os
from dataclasses import dataclass, field
from typing import Optional

FULL, OVERSIZE, SMALL, TRIAL = "full", "oversize", "small", "trial"


@dataclass
class Target:
    """One address of one peer, and what is found out about it.

    :ivar mtu: bytes of the largest IP packet that must pass; one byte more must not.
    :ivar required: False where the peer may be silent (it is not part of this run).
    :ivar seen: kind of probe -> seconds that its first answer took.
    :ivar refused: kind of probe -> errno with which this host refused to send it.
    :ivar attempts: how often the full-size probe was sent.
    :ivar times: seconds that each answered full-size probe took.
    :ivar oversized: whether the oversized one was sent.
    :ivar passed: bytes of the largest packet that was answered so far.
    :ivar failed: bytes of the smallest packet that was not.
    """

    segment: str
    device: str
    mtu: int
    host: str
    address: str
    required: bool = True
    seen: dict[str, float] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    times: list[float] = field(default_factory=list)
    oversized: bool = False
    passed: Optional[int] = None
    failed: Optional[int] = None

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version

    @property
    def loss(self) -> Optional[float]:
        """Percentage of the full-size probes that were not answered; None when none was sent."""
        if not self.attempts:
            return None
        return 100.0 * (self.attempts - min(len(self.times), self.attempts)) / self.attempts

    @property
    def verdict(self) -> str:
        """``ok``, or what is wrong in words."""
        if OVERSIZE in self.seen:
            return f"a packet of {self.mtu + 1} bytes passes although the MTU is {self.mtu}"
        if FULL in self.seen:
            return "ok"
        if FULL in self.refused and self.refused[FULL] == errno.EMSGSIZE:
            return f"a packet of {self.mtu} bytes does not fit the MTU of {self.device}"
        if FULL in self.refused:
            return f"cannot be sent: {os.strerror(self.refused[FULL])}"
        if SMALL in self.seen:
            return f"small packets pass, those of {self.mtu} bytes do not: the underlay drops them"
        return "no answer"

    def answered(self, kind: str, size: int, seconds: float) -> None:
        """Take note of an answer."""
        self.seen.setdefault(kind, seconds)
        self.passed = max(self.passed or 0, size)
        if kind == FULL:
            self.times.append(seconds)

    def next_trial(self) -> Optional[int]:
        """The size to try next in the search for the largest that passes; None when it is known."""
        if self.passed is None or self.failed is None or self.failed - self.passed <= 1:
            return None
        return (self.passed + self.failed) // 2
