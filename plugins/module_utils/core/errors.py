# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors that say what is wrong, who is to blame and what to do about it."""

from __future__ import annotations

from typing import Any


class TunnelMeshError(Exception):
    """Base of every error that a user is meant to read.

    :param cause: what went wrong, as a sentence without a full stop.
    :param culprit: the device, process, row or host behind it, when known.
    :param remedy: what the user can do about it.
    :param details: further machine-readable facts, returned beside the message.
    """

    def __init__(
        self,
        cause: str,
        *,
        culprit: str | None = None,
        remedy: str | None = None,
        **details: Any,
    ) -> None:
        self.cause = cause
        self.culprit = culprit
        self.remedy = remedy
        self.details = details
        # What became of the run, such as that it was undone; added by the pipeline.
        self.note: str | None = None
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The whole error as one line of text."""
        text = self.cause
        if self.culprit:
            text += f": {self.culprit}"
        if self.remedy:
            text += f". Remedy: {self.remedy}"
        if self.note:
            text += f". {self.note}"
        return text


class InputError(TunnelMeshError):
    """The task asks for something that can never work; nothing was read or touched."""


class ConflictError(TunnelMeshError):
    """What is asked for collides with something on the system; nothing was touched."""


class OwnershipError(TunnelMeshError):
    """The thing that is named exists and does not carry the mark of this owner."""


class EnvironmentProblem(TunnelMeshError):
    """The host lacks something: a module, a daemon, a library, a privilege."""


class ApplyError(TunnelMeshError):
    """A step failed on the system. ``errno`` is kept for the retry rule, where there is one."""

    def __init__(self, cause: str, *, errno: int | None = None, **kwargs: Any) -> None:
        self.errno = errno
        super().__init__(cause, **kwargs)


class LostRace(ApplyError):
    """Somebody else changed the system in between: read it again and plan again."""
