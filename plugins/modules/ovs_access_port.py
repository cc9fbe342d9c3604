#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_access_port
short_description: Give a host addresses in a VLAN of an OVS bridge
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Manages internal ports of a bridge of ovs-vswitchd that are in one VLAN, with their MTU and
    addresses. A VLAN-tagged segment of a mesh reaches the host itself by such a port.
  - One port by the top-level options, or many in O(ports), in one transaction of the Open vSwitch
    database.
  - Addresses and state live in the kernel and do not survive a reboot; the role
    P(tunnelmesh.ovs.vxlan_mesh#role) restores them.
extends_documentation_fragment:
  - tunnelmesh.ovs.writing
requirements:
  - Open vSwitch 2.17 or newer, running
  - pyroute2 >= 0.7.2, only to change devices
  - CAP_NET_ADMIN
options:
  name: &name
    description: Name of the port and its device, at most 15 characters.
    type: str
  state: &state
    description: Default V(present).
    type: str
    choices: [present, absent]
  bridge: &bridge
    description: The bridge that the port is on. Required with O(state=present).
    type: str
  tag: &tag
    description: VLAN of the port, 1 to 4094. Required with O(state=present).
    type: int
  mtu: &mtu
    description:
      - MTU of the device in bytes, 68 to 65535. Left alone when omitted.
      - ovs-vswitchd gives the smallest MTU on a bridge to its internal ports that have not asked
        for one, the bridge's own included; so declare it for all of them, or for none.
    type: int
  address: &address
    description:
      - Addresses of the device with prefix length, IPv4 or IPv6. Others are removed, except
        link-local ones. Left alone when omitted.
    type: list
    elements: str
  ports:
    description: Many ports, each with the options above.
    type: list
    elements: dict
    suboptions:
      name: *name
      state: *state
      bridge: *bridge
      tag: *tag
      mtu: *mtu
      address: *address
  database:
    description: Where ovsdb-server listens on this host.
    type: str
    default: unix:/var/run/openvswitch/db.sock
  check_mode_assume:
    description:
      - Names of bridges that an earlier task of the same play creates. A dry run plans as if they
        were there. Ignored outside check mode.
    type: list
    elements: str
    default: []
notes:
  - The mark of ownership is the key C(tunnelmesh-owner) in C(external_ids) of the interface.
seealso:
  - module: tunnelmesh.ovs.ovs_vxlan_tunnel
"""

EXAMPLES = r"""
- name: The host's own address in VLAN 11
  tunnelmesh.ovs.ovs_access_port:
    name: if-blue
    bridge: br-mesh
    tag: 11
    mtu: 1450
    address: [198.51.100.1/24]

- name: Remove every access port of this owner
  tunnelmesh.ovs.ovs_access_port:
    ports: []
    owner: vxlan_mesh
    purge: true
"""

RETURN = r"""
actions:
  description:
    - What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(change) and V(delete).
      type: str
    port:
      description: The port it was done to.
      type: str
    why:
      description: The reason.
      type: str
    changes:
      description: What changed, each with C(before) and C(after).
      type: dict
  sample:
    - {action: create, port: if-blue, why: declared present}
ports:
  description: The declared ports as they are now.
  returned: success
  type: list
  elements: dict
  sample:
    - name: if-blue
      bridge: br-mesh
      tag: 11
      mtu: 1450
      up: true
      address: [198.51.100.1/24]
      owner: default
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.access.desired import OPTIONS
from ..module_utils.access.plane import apply
from ..module_utils.core.arguments import spec
from ..module_utils.module import run_module
from ..module_utils.ovsdb.remote import DEFAULT


def main() -> None:
    """Wire the module together."""
    module = AnsibleModule(
        argument_spec=spec(
            OPTIONS,
            "ports",
            database={"type": "str", "default": DEFAULT},
            check_mode_assume={"type": "list", "elements": "str", "default": []},
        ),
        supports_check_mode=True,
    )
    run_module(module, apply)


if __name__ == "__main__":
    main()
