#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_datapath
short_description: Manage bare Open vSwitch kernel datapaths
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Creates and deletes datapaths of the kernel module C(openvswitch) that no ovs-vswitchd owns,
    sets up their local port, and wires ports to each other by two wildcard flows, so that a
    datapath carries traffic without ovs-vswitchd.
  - One datapath by the top-level options, or many in O(datapaths). An entry takes what it does not
    say from the top level.
  - A datapath that ovs-vswitchd owns is refused. ovs-vswitchd deletes every other datapath when it
    makes its first bridge, or starts with one.
extends_documentation_fragment:
  - tunnelmesh.ovs.writing
  - tunnelmesh.ovs.writing.kernel
options:
  name: &name
    description:
      - Name of the datapath and of its local port, at most 15 characters.
    type: str
  state: &state
    description:
      - V(present) creates the datapath where it is missing. V(absent) deletes it; VXLAN devices
        that were linked to it survive unlinked, ports of the types internal and vxlan die with
        it.
      - Default V(present).
    type: str
    choices: [present, absent]
  up: &up
    description:
      - Whether the local port is up. Default V(true).
    type: bool
  mtu: &mtu
    description:
      - MTU of the local port in bytes, 68 to 65535. Left alone when omitted.
    type: int
  address: &address
    description:
      - Addresses of the local port with prefix length, IPv4 or IPv6. Others are removed, except
        link-local ones. Left alone when omitted; an empty list removes all.
    type: list
    elements: str
  connect: &connect
    description:
      - Pairs of ports, each by name or number, that are wired to each other. Whatever enters one
        leaves the other.
      - The list is complete, connections of ours that it does not name are removed. Flows that we
        did not make are never touched. Left alone when omitted.
    type: list
    elements: list
  adopt: &adopt
    description:
      - Take over a datapath that exists and is not marked as ours. Default V(false).
    type: bool
  force: &force
    description:
      - With O(state=absent), delete the datapath although ports that are not ours are linked to it.
        Default V(false).
    type: bool
  datapaths:
    description:
      - Many datapaths, each with the options above.
    type: list
    elements: dict
    suboptions:
      name: *name
      state: *state
      up: *up
      mtu: *mtu
      address: *address
      connect: *connect
      adopt: *adopt
      force: *force
  check_mode_assume:
    description:
      - Names of datapaths and ports that an earlier task of the same play brings to what is
        declared. A dry run plans as if that was done, ports with the lowest free numbers. Ignored
        outside check mode.
    type: list
    elements: str
    default: []
seealso:
  - module: tunnelmesh.ovs.ovs_vxlan_port
"""

EXAMPLES = r"""
- name: A datapath with an overlay address
  tunnelmesh.ovs.ovs_datapath:
    name: lab0
    mtu: 1450
    address: [198.51.100.1/24]

- name: Wire its local port to a VXLAN port, so that it carries traffic
  tunnelmesh.ovs.ovs_datapath:
    name: lab0
    connect:
      - [lab0, vx100]

- name: Remove every datapath of ours, and no other
  tunnelmesh.ovs.ovs_datapath:
    purge: true
"""

RETURN = r"""
actions:
  description:
    - What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(change), V(connect), V(disconnect) and V(delete).
      type: str
    datapath:
      description: The datapath it was done to.
      type: str
    why:
      description: The reason.
      type: str
    changes:
      description: What changed, each with C(before) and C(after).
      type: dict
  sample:
    - {action: create, datapath: lab0, why: declared present}
datapaths:
  description: The declared datapaths as they are now.
  returned: always
  type: list
  elements: dict
  sample:
    - name: lab0
      owned_by: default
      up: true
      mtu: 1450
      address: [198.51.100.1/24]
      connect: [[lab0, vx100]]
      ports:
        - {port_no: 0, name: lab0, type: internal}
        - {port_no: 1, name: vx100, type: netdev}
rolled_back:
  description: Whether all that the failed run had changed is undone.
  returned: when the run failed after it had changed something, and everything is undone
  type: bool
  sample: true
leftovers:
  description: What a failed run could not undo.
  returned: when the run failed and something is left
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.arguments import spec
from ..module_utils.kernel.desired_datapath import OPTIONS
from ..module_utils.kernel.plane import apply_datapaths
from ..module_utils.module import run_module


def main() -> None:
    """Wire the module together."""
    assume = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec=spec(OPTIONS, "datapaths", check_mode_assume=assume),
        supports_check_mode=True,
    )
    run_module(module, apply_datapaths)


if __name__ == "__main__":
    main()
