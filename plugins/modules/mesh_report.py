#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Implemented by the action plugin of the same name; this file is its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_report
short_description: Merge what all hosts of a mesh saw into a verdict on every pair
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Takes what every host registered with M(tunnelmesh.ovs.mesh_look), and says of every pair of
    hosts whether the mesh carries its traffic, and if not, by which root cause and what to do.
  - Prints a table with a line per pair that is not good. Where a host breaks more than four pairs
    for one reason, they share a line.
  - Works on the controller alone; use it with C(run_once).
extends_documentation_fragment:
  - tunnelmesh.ovs.reading
  - tunnelmesh.ovs.reading.mesh
attributes:
  check_mode:
    description: The table is printed and the files are written in check mode as well.
    support: full
options:
  hosts:
    description:
      - The hosts of this run. One that registered nothing is reported as C(host_unreachable).
        Other members of the mesh are only seen by these.
    type: list
    elements: str
    required: true
  variable:
    description: Name of the variable that they registered it in.
    type: str
    default: vxlan_mesh_looked
  json:
    description: File to write the report to as JSON. Its schema is stable, see the guide.
    type: path
  junit:
    description: File to write the report to as JUnit XML.
    type: path
  html:
    description: File to write the report to as one self-contained HTML page.
    type: path
  template:
    description: Jinja2 template of the page. Needed with O(html).
    type: path
  title:
    description: Title of the page.
    type: str
    default: VXLAN mesh
  baseline:
    description: An earlier report to compare the page with, HTML or JSON.
    type: path
  fail_when_broken:
    description: Fail when a pair is broken or a host in trouble. Warnings never fail.
    type: bool
    default: true
seealso:
  - module: tunnelmesh.ovs.mesh_look
  - plugin: tunnelmesh.ovs.fleet_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Merge what all hosts saw
  tunnelmesh.ovs.mesh_report:
    plan: "{{ mesh_plan }}"
    hosts: "{{ ansible_play_hosts_all }}"
    variable: mesh_seen
    junit: mesh.xml
  run_once: true
"""

RETURN = r"""
status:
  description: The worst that was found, V(ok), V(warning) or V(broken).
  returned: always
  type: str
  sample: broken
summary:
  description: How many hosts there are, and how many pairs of each status.
  returned: always
  type: dict
  sample: {hosts: 3, ok: 2, warning: 0, broken: 1, unseen: 0}
files:
  description: The files that were written.
  returned: always
  type: list
  elements: str
  sample: [mesh.xml]
msg:
  description: The closing line of the table, and the causes when something is broken.
  returned: always
  type: str
  sample: "3 hosts, 3 pairs: 2 ok, 1 broken. Causes: device_down on hv1"
"""
