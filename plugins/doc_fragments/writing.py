# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that the writing modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of every module that changes a host."""

    DOCUMENTATION = r"""
options:
  owner:
    description:
      - The name that this task's things are marked with, so that several declarations can live
        side by side on a host.
      - 1 to 63 letters, digits, C(_), C(.) or C(-).
    type: str
    default: default
  purge:
    description:
      - Also remove what carries our mark with the same O(owner) and is not declared by this task.
      - Things without our mark, or with the mark of another owner, are never touched.
    type: bool
    default: false
  netns:
    description:
      - Work inside this named network namespace, as C(ip netns) shows it.
    type: str
attributes:
  action_group:
    description: Takes the defaults that a play gives to C(group/tunnelmesh.ovs.ovs) by
      C(module_defaults).
    support: full
    membership: [tunnelmesh.ovs.ovs]
  check_mode:
    description: Predicts the very RV(ignore:actions) that a run carries out, and changes nothing.
    support: full
  diff_mode:
    description: Shows what changes as YAML, by name.
    support: full
"""

    KERNEL = r"""
options: {}
requirements:
  - Linux with the modules C(openvswitch) and C(vxlan)
  - pyroute2 >= 0.7.2
  - CAP_NET_ADMIN
notes:
  - One run at a time works in a network namespace; a second one waits for the first.
  - The mark of ownership is the device's C(ifalias), which C(ip -d link) shows.
"""
