# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ownership: the mark that says which things on a host are ours.

In the kernel the mark is the ``ifalias`` of a device, in OVSDB a pair of ``external_ids``.
Between the creation of a device and the message that sets its alias a run can be killed, so
creation itself carries a *token*: a number derived from the mark, put where the creating
message has room for one (``IFLA_GROUP`` of a link, the upcall port of a vport), and cleared by
the same message that sets the alias.
"""

from __future__ import annotations

import re
import zlib

from .errors import InputError

PREFIX = "tunnelmesh.ovs"
DEFAULT_OWNER = "default"
OWNER_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")

# Keys in OVSDB external_ids.
EXTERNAL_ID_OWNER = "tunnelmesh-owner"


def check_owner(owner: str) -> str:
    """Return ``owner``, or raise InputError: 1 to 63 of letters, digits, ``_.-``."""
    if not OWNER_PATTERN.match(owner):
        raise InputError(
            f"owner {owner!r} is not a valid name",
            remedy="use 1 to 63 letters, digits, '_', '.' or '-', starting with a letter or digit",
        )
    return owner


def mark(owner: str) -> str:
    """The ifalias of a device that belongs to ``owner``."""
    return f"{PREFIX} owner={owner}"


def owner_of(alias: str) -> str | None:
    """The owner named by an ifalias, or None where it is not our mark."""
    head, separator, owner = alias.partition(" owner=")
    if head == PREFIX and separator and OWNER_PATTERN.match(owner):
        return owner
    return None


def token(owner: str) -> int:
    """The number that marks a thing of ``owner`` which is being created.

    Bit 30 is set and bit 31 clear, so that it is never 0 (no group, no upcall), never a process
    id (at most 2^22) and never a netlink port that the kernel chose (negative).
    """
    return 0x40000000 | (zlib.crc32(mark(owner).encode()) & 0x3FFFFFFF)
