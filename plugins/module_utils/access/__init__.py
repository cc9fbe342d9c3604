# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access ports: internal ports of an OVS bridge in one VLAN, with addresses of the host.

Imports point one way: plane -> (desired, plan, database, devices) -> model. Private to this
collection.
"""
