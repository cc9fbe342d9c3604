# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that the modules share which only look."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of every module that changes nothing, and options of those of a mesh."""

    DOCUMENTATION = r"""
attributes:
  diff_mode:
    description: There is nothing to show.
    support: none
"""

    MESH = r"""
options:
  plan:
    description: The plan, as P(tunnelmesh.ovs.fleet_plan#filter) makes it.
    type: str
    required: true
"""
