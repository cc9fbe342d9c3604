# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet plan: from a declared mesh to what every single host has to hold; pure Python.

Imports point one way: filters -> plan -> (declare, wiring, flood, sizes, checks) -> model.
Private to this collection.
"""
