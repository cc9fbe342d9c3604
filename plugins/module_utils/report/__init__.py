# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mesh looks like: what every host saw, merged into pairs, and shown; pure.

Imports point one way: (table, junit, document, page) -> merge -> record -> model.
Private to this collection.
"""
