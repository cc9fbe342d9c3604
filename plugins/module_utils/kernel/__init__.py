# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane: vports and VXLAN devices of the kernel, by netlink.

Private to this collection. ``attributes``, ``model``, ``desired``, ``conflicts``,
``resolve``, ``plan``, ``predict``, ``decode`` and ``view`` are pure; ``transport``, ``reader`` and
``executor`` touch the system.
"""
