# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts: what is wrong with a tunnel or a port, in which plane, and what to do about it.

Both planes and their surroundings are read once; the rules are pure. Private to this collection.
"""
