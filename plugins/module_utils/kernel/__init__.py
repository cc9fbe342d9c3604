# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane: vports and VXLAN devices of the kernel, by netlink.

Private to this collection. ``transport``, ``reader``, ``executor``, ``namespace``, ``runs`` and
``notices`` touch the system, ``diagnose`` reads it; all else is pure.
"""
