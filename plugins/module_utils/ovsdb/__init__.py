# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The management plane: tunnels as rows of the Open_vSwitch database.

``jsonrpc`` and ``database`` speak the protocol, ``reader`` and ``executor`` use them; ``desired``,
``plan``, ``undo``, ``predict``, ``transact`` and ``view`` are pure. Private to this collection.
"""
