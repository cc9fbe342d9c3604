#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Implemented by the action plugin of the same name; this file is its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_look
short_description: See what one host of a planned mesh sees of its peers
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Pings every peer of the host over the overlay, as M(tunnelmesh.ovs.overlay_ping) does, and
    judges every tunnel and port, as M(tunnelmesh.ovs.ovs_vxlan_info) does.
  - Returns it as one string, for M(tunnelmesh.ovs.mesh_report) to merge. That keeps a mesh of a
    thousand hosts small in Ansible's memory.
  - Never fails because of what is wrong with the host or the mesh. A host that cannot be reached
    has that in its record. Prints a line per host, by which a long run can be followed.
  - Changes nothing.
extends_documentation_fragment:
  - tunnelmesh.ovs.reading
  - tunnelmesh.ovs.reading.mesh
attributes:
  check_mode:
    description: Nothing is pinged in check mode. Set C(check_mode=false) on the task, as the role
      does.
    support: partial
options:
  owner:
    description: Whose mark the tunnels and ports carry.
    type: str
    default: vxlan_mesh
  required:
    description:
      - Peers that have to answer, which are waited for. Default is all.
    type: list
    elements: str
  timeout:
    description: Seconds that silent peers get, at least 1.
    type: int
    default: 10
  count:
    description: Packets of full size that every peer gets, to measure loss and latency.
    type: int
    default: 5
  unreachable:
    description:
      - Why the host could not be reached by an earlier task. It is then not tried again.
    type: str
seealso:
  - module: tunnelmesh.ovs.mesh_report
  - module: tunnelmesh.ovs.overlay_ping
  - module: tunnelmesh.ovs.ovs_vxlan_info
"""

EXAMPLES = r"""
- name: Ping every peer and judge every tunnel
  tunnelmesh.ovs.mesh_look:
    plan: "{{ mesh_plan }}"
  register: mesh_seen
  check_mode: false
"""

RETURN = r"""
record:
  description: What the host saw, for M(tunnelmesh.ovs.mesh_report). Its inside may change.
  returned: always
  type: str
  sample: tunnelmesh.ovs-seen {}
looked_at:
  description: Whether the host could be looked at.
  returned: always
  type: bool
  sample: true
at:
  description: When it was begun, in seconds since 1970.
  returned: always
  type: float
  sample: 1764059400.5
"""
