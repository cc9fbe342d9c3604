#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_vxlan_port
short_description: Manage VXLAN vports of Open vSwitch kernel datapaths
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Computes the difference between the declared and the live VXLAN vports of a kernel datapath, and
    carries it out. A port is a VXLAN device that is linked to the datapath.
  - What the kernel can change on a live device is changed in place, without interrupting traffic.
    Anything else recreates the port with the same port number and address, and RV(actions) names
    the attribute that forced it.
  - One port by the top-level options, or many in O(ports). An entry takes what it does not say from
    the top level. A set of 1000 ports is a normal case.
  - A failure undoes what the run did, and nothing else.
  - Datapaths of ovs-vswitchd are refused, since it deletes ports that it did not make; for those
    use M(tunnelmesh.ovs.ovs_vxlan_tunnel).
extends_documentation_fragment:
  - tunnelmesh.ovs.writing
  - tunnelmesh.ovs.writing.kernel
options:
  name: &name
    description:
      - Name of the VXLAN device, at most 15 characters. Names that start with C(vxlan_sys_)
        belong to ovs-vswitchd.
    type: str
  state: &state
    description:
      - V(present) is created and linked to O(datapath). V(detached) exists and is not linked.
        V(absent) is unlinked and deleted.
      - Default V(present).
    type: str
    choices: [present, detached, absent]
  datapath: &datapath
    description:
      - The datapath to link the port to. Required with O(state=present).
    type: str
  port_no: &port_no
    description:
      - Port number in the datapath, 1 to 65534. Default the number it has, else the lowest free
        one.
    type: int
  dst_port: &dst_port
    description:
      - UDP port of the tunnel, 1 to 65535. Default V(4789).
    type: int
  vni: &vni
    description:
      - VXLAN network identifier, 0 to 16777215. Without one the device is external (collect
        metadata), which takes VNI and remote from the flows, as those of ovs-vswitchd do.
    type: int
  local_ip: &local_ip
    description:
      - Source address of the outer packets, IPv4 or IPv6. Default is the kernel's choice by route.
    type: str
  remotes: &remotes
    description:
      - The flood list, the VTEPs that broadcast and unknown unicast go to, as all-zero bridge FDB
        entries. One address family. The list is complete, entries that it does not name are
        removed. Left alone when omitted.
    type: list
    elements: str
  dev: &dev
    description:
      - Underlay device. Default none, so that the route decides.
    type: str
  mtu: &mtu
    description:
      - MTU of the device in bytes, 68 to 65535, or V(auto).
      - V(auto) is the MTU of O(dev), else of the device that carries O(local_ip), less 50 bytes of
        headers with IPv4 or 70 with IPv6; where neither is known 1500 less the headers. Without
        O(vni) and O(dev) it is 65000 as ovs-vswitchd sets it, with O(vport_type=vxlan) 65535.
      - Default V(auto).
    type: str
  ttl: &ttl
    description:
      - TTL of the outer packets, 1 to 255, V(0) for the system's default, or V(inherit). Default
        V(64).
    type: str
  tos: &tos
    description:
      - TOS of the outer packets, a multiple of 4 up to 252, or V(inherit). Default V(0).
    type: str
  df: &df
    description:
      - Don't-fragment bit of outer IPv4 packets. Default V(set).
    type: str
    choices: [unset, set, inherit]
  learning: &learning
    description:
      - Learn the VTEP of a MAC address from received packets. Default V(true).
    type: bool
  ageing: &ageing
    description:
      - Lifetime of learned entries in seconds, 1 to 4294967295. Default V(300).
    type: int
  extensions: &extensions
    description:
      - V(gbp) is group based policy. V(gpe) is the generic protocol extension, only without O(vni).
    type: list
    elements: str
    choices: [gbp, gpe]
  udp_csum: &udp_csum
    description:
      - Fill in the outer UDP checksum over IPv4. Default V(true).
    type: bool
  udp_zero_csum6_tx: &udp_zero_csum6_tx
    description:
      - Send a zero UDP checksum over IPv6. Default V(false).
    type: bool
  udp_zero_csum6_rx: &udp_zero_csum6_rx
    description:
      - Accept a zero UDP checksum over IPv6. Default V(false), without O(vni) V(true).
    type: bool
  src_port_range: &src_port_range
    description:
      - Lowest and highest UDP source port. Default is the system's local port range.
    type: list
    elements: int
  mac_address: &mac_address
    description:
      - Ethernet address of the device. Left alone when omitted; random at creation.
    type: str
  vport_type: &vport_type
    description:
      - V(netdev) makes a device and links it. V(vxlan) lets the kernel's own vport class make
        both at once; it knows only O(dst_port) and V(gbp), and newer kernels may lack it.
      - Default V(netdev).
    type: str
    choices: [netdev, vxlan]
  adopt: &adopt
    description:
      - Take over a VXLAN device that exists and is not marked as ours. Default V(false).
    type: bool
  recreate: &recreate
    description:
      - V(never) fails where a change would interrupt the port instead of carrying it out.
        Default V(auto).
    type: str
    choices: [auto, never]
  ports:
    description:
      - Many ports, each with the options above.
    type: list
    elements: dict
    suboptions:
      name: *name
      state: *state
      datapath: *datapath
      port_no: *port_no
      dst_port: *dst_port
      vni: *vni
      local_ip: *local_ip
      remotes: *remotes
      dev: *dev
      mtu: *mtu
      ttl: *ttl
      tos: *tos
      df: *df
      learning: *learning
      ageing: *ageing
      extensions: *extensions
      udp_csum: *udp_csum
      udp_zero_csum6_tx: *udp_zero_csum6_tx
      udp_zero_csum6_rx: *udp_zero_csum6_rx
      src_port_range: *src_port_range
      mac_address: *mac_address
      vport_type: *vport_type
      adopt: *adopt
      recreate: *recreate
  check_mode_assume:
    description:
      - Names of datapaths that an earlier task of the same play creates. A dry run plans as if they
        were there. Ignored outside check mode.
    type: list
    elements: str
    default: []
seealso:
  - module: tunnelmesh.ovs.ovs_datapath
"""

EXAMPLES = r"""
- name: One VXLAN port with two peers
  tunnelmesh.ovs.ovs_vxlan_port:
    name: vx100
    datapath: lab0
    vni: 100
    local_ip: 192.0.2.1
    remotes: [192.0.2.2, 192.0.2.3]

- name: Many ports with shared options; what is ours and not listed goes
  tunnelmesh.ovs.ovs_vxlan_port:
    datapath: lab0
    local_ip: 192.0.2.1
    purge: true
    ports:
      - {name: vx100, vni: 100, remotes: [192.0.2.2]}
      - {name: vx200, vni: 200, remotes: [192.0.2.2, 192.0.2.3]}

- name: Unlink a port and keep its device
  tunnelmesh.ovs.ovs_vxlan_port:
    name: vx100
    vni: 100
    state: detached

- name: Remove a port
  tunnelmesh.ovs.ovs_vxlan_port:
    name: vx100
    state: absent
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
      description: One of V(create), V(link), V(change), V(detach) and V(delete).
      type: str
    port:
      description: The port it was done to.
      type: str
    why:
      description: The reason; a recreate names the attribute that forced it.
      type: str
    changes:
      description: What changed, each with C(before) and C(after).
      type: dict
  sample:
    - action: change
      port: vx100
      why: differs from what is declared
      changes:
        remotes: {before: [192.0.2.2], after: [192.0.2.2, 192.0.2.3]}
ports:
  description: The declared ports as they are now.
  returned: always
  type: list
  elements: dict
  sample:
    - name: vx100
      state: present
      datapath: lab0
      port_no: 1
      vni: 100
      dst_port: 4789
      local_ip: 192.0.2.1
      remotes: [192.0.2.2, 192.0.2.3]
      mtu: 1450
      up: true
      promiscuity: 1
      owner: default
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
from ..module_utils.kernel.desired import OPTIONS
from ..module_utils.kernel.plane import apply_ports
from ..module_utils.module import run_module


def main() -> None:
    """Wire the module together."""
    assume = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec=spec(OPTIONS, "ports", check_mode_assume=assume),
        supports_check_mode=True,
    )
    run_module(module, apply_ports)


if __name__ == "__main__":
    main()
