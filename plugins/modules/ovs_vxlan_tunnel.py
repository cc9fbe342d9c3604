#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_vxlan_tunnel
short_description: Manage VXLAN tunnels of ovs-vswitchd, proven alive in the kernel
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Brings a whole set of VXLAN tunnels, and the bridges they are on, to what is declared, in one
    transaction of the Open vSwitch database.
  - Compares column by column with the live rows. Options that are no longer declared are removed.
    Columns and keys that this module does not know are left alone.
  - Waits until ovs-vswitchd has carried it out, and succeeds only when every declared tunnel is
    accepted and the kernel shows its device C(vxlan_sys_PORT) present, up, linked to the datapath
    and with its UDP port open.
  - When a tunnel does not come up, the earlier rows are restored and the error says why.
  - What ovs-vswitchd would accept and then ignore is refused before anything is touched.
  - A kernel device that was deleted, detached or set down behind the back of ovs-vswitchd counts as
    a difference, and is repaired.
  - One tunnel by the top-level options, many in O(tunnels), or a mesh in O(remotes). An entry takes
    what it does not say from the top level.
extends_documentation_fragment:
  - tunnelmesh.ovs.writing
  - tunnelmesh.ovs.tls
requirements:
  - Open vSwitch 2.17 or newer, running
  - pyroute2 >= 0.7.2, only to repair kernel devices and to set O(bridges[].address) or
    O(bridges[].up). A run that needs it and lacks it fails before anything is touched.
options:
  name: &name
    description:
      - Name of the port and its interface, at most 15 characters. Names that start with
        C(vxlan_sys) and the like are reserved by ovs-vswitchd and refused.
    type: str
  state: &state
    description:
      - V(present) exists as declared, V(absent) does not exist.
      - Default V(present).
    type: str
    choices: [present, absent]
  bridge: &bridge
    description:
      - The bridge that the tunnel is on. It exists, or is declared in O(bridges). Required with
        O(state=present). A tunnel on another bridge is moved.
    type: str
  remote_ip: &remote_ip
    description:
      - Address of the other VTEP, IPv4 or IPv6 unicast, or V(flow) to set it by OpenFlow. Required
        with O(state=present), unless O(remotes) is used.
    type: str
  local_ip: &local_ip
    description:
      - Source address of the outer packets, of the family of O(remote_ip), or V(flow). Default is
        the kernel's choice by route.
    type: str
  key: &key
    description:
      - VNI of both directions, 0 to 16777215, or V(flow). Without a key packets are sent and
        accepted with VNI 0.
      - Mutually exclusive with O(in_key) and O(out_key).
    type: str
  in_key: &in_key
    description: VNI that is accepted, 0 to 16777215, or V(flow).
    type: str
  out_key: &out_key
    description: VNI that is sent, 0 to 16777215, or V(flow).
    type: str
  dst_port: &dst_port
    description: UDP port of the tunnel, 1 to 65535. Default V(4789).
    type: int
  ttl: &ttl
    description:
      - TTL of the outer packets, 1 to 255, or V(inherit) to copy that of the inner one. The default
        of Open vSwitch is 64.
    type: str
  tos: &tos
    description:
      - TOS byte of the outer packets, a multiple of 4 from 0 to 252 since the two lowest bits
        belong to ECN, or V(inherit). The default of Open vSwitch is 0.
    type: str
  df_default: &df_default
    description: Whether outer packets carry the Don't Fragment bit. The default of Open vSwitch is
      to set it.
    type: bool
  csum: &csum
    description: Whether outer UDP packets carry a checksum. The default of Open vSwitch 3.1 is
      none, over IPv6 as over IPv4.
    type: bool
  extensions: &extensions
    description:
      - Extensions of the VXLAN header. V(gbp) carries the group policy, V(gpe) other payloads than
        Ethernet. All tunnels of a O(dst_port) share one device, so they must agree. Default none.
    type: list
    elements: str
    choices: [gbp, gpe]
  egress_pkt_mark: &egress_pkt_mark
    description: Mark (skb mark) of the outer packets, 0 to 4294967295. Default 0. ovs-vswitchd
      leaves it set, so that of a packet that is flooded the copies for other tunnels of the bridge
      may carry it as well (tnl_port_send(), ofproto/tunnel.c, up to 3.6 at least).
    type: int
  packet_type: &packet_type
    description: Kind of packets that the port takes. V(legacy_l3) and V(ptap) need the extension
      V(gpe). The default of Open vSwitch is V(legacy_l2).
    type: str
    choices: [legacy_l2, legacy_l3, ptap]
  psk: &psk
    description:
      - Pre-shared key of an IPsec tunnel. Needs the daemon C(ovs-monitor-ipsec). Never shown.
      - O(psk), O(remote_cert) and O(remote_name) are mutually exclusive.
    type: str
  remote_cert: &remote_cert
    description: File with the certificate of the peer of an IPsec tunnel, on the managed host.
      Never shown.
    type: str
  remote_name: &remote_name
    description: Common name in the CA-signed certificate of the peer of an IPsec tunnel. Never
      shown; Ansible also hides it where it occurs in other parts of the result.
    type: str
  ofport_request: &ofport_request
    description:
      - OpenFlow port number, 1 to 65279, unique on the bridge. Default is a free number, which can
        change when ovs-vswitchd restarts.
    type: int
  mac: &mac
    description: Ethernet address of the port. Default is a random one.
    type: str
  tag: &tag
    description: VLAN of an access port, 0 to 4094.
    type: int
  trunks: &trunks
    description: VLANs that a trunk port carries, 0 to 4094 each. Default all.
    type: list
    elements: int
  vlan_mode: &vlan_mode
    description: How the port treats VLANs. Default V(access) with O(tag), else V(trunk). O(tag) and
      O(trunks) together need V(native-tagged) or V(native-untagged).
    type: str
    choices: [access, trunk, native-tagged, native-untagged]
  protected: &protected
    description:
      - Frames never go from one protected port to another. Set it on all tunnels of a full mesh;
        without it broadcasts go round for ever.
      - Default V(false).
    type: bool
  bfd: &bfd
    description: Bidirectional forwarding detection on the tunnel. Default off.
    type: dict
    suboptions:
      enable:
        description: Whether BFD runs.
        type: bool
      min_rx:
        description: Shortest interval in milliseconds at which this side can receive. The default
          of Open vSwitch is 1000.
        type: int
      min_tx:
        description: Shortest interval in milliseconds at which this side sends. The default of Open
          vSwitch is 100.
        type: int
      decay_min_rx:
        description: Interval in milliseconds for an idle tunnel, not below O(bfd.min_rx); 0 for
          none.
        type: int
      forwarding_if_rx:
        description: Whether received packets count as a sign of life.
        type: bool
      cpath_down:
        description: Whether the peer is told that the path behind this side is down.
        type: bool
      check_tnl_key:
        description: Whether only control packets with tunnel key 0 are accepted.
        type: bool
      mult:
        description: Number of lost packets, 1 to 255, after which the peer is down. The default of
          Open vSwitch is 3.
        type: int
      oam:
        description: Whether control packets carry the OAM bit where the tunnel has one.
        type: bool
      bfd_local_src_mac:
        description: Source Ethernet address of control packets.
        type: str
      bfd_local_dst_mac:
        description: Destination Ethernet address of control packets.
        type: str
      bfd_remote_dst_mac:
        description: Destination Ethernet address that received control packets must have.
        type: str
      bfd_src_ip:
        description: Source IPv4 address of control packets.
        type: str
      bfd_dst_ip:
        description: Destination IPv4 address of control packets.
        type: str
  external_ids: &external_ids
    description:
      - Keys of the interface's C(external_ids). Keys that an earlier run declared and this one does
        not are removed, keys of others are left alone. Keys that start with C(tunnelmesh-) are
        reserved.
    type: dict
  adopt: &adopt
    description:
      - Take over a tunnel of that name that does not carry the mark of this O(owner), or with
        O(state=absent) delete it.
      - Default V(false).
    type: bool
  tunnels:
    description: Many tunnels. Mutually exclusive with O(name).
    type: list
    elements: dict
    suboptions:
      name: *name
      state: *state
      bridge: *bridge
      remote_ip: *remote_ip
      local_ip: *local_ip
      key: *key
      in_key: *in_key
      out_key: *out_key
      dst_port: *dst_port
      ttl: *ttl
      tos: *tos
      df_default: *df_default
      csum: *csum
      extensions: *extensions
      egress_pkt_mark: *egress_pkt_mark
      packet_type: *packet_type
      psk: *psk
      remote_cert: *remote_cert
      remote_name: *remote_name
      ofport_request: *ofport_request
      mac: *mac
      tag: *tag
      trunks: *trunks
      vlan_mode: *vlan_mode
      protected: *protected
      bfd: *bfd
      external_ids: *external_ids
      adopt: *adopt
  remotes:
    description:
      - The compact form, one tunnel to each of these addresses, everything else from the top level.
        May stand beside O(tunnels).
      - The name is O(name_prefix) and ten characters derived from the address, the key and the UDP
        port. It stays the same whatever else changes.
    type: list
    elements: str
  name_prefix:
    description: Start of the names of O(remotes), 1 to 5 characters.
    type: str
    default: vx
  bridges:
    description:
      - Bridges that this task owns. They are made in the same transaction as the tunnels. A bridge
        that is only used does not belong here.
      - With O(purge), bridges are purged only when this list is given.
      - A bridge that goes takes the ports with it that M(tunnelmesh.ovs.ovs_access_port) made for
        the same O(owner).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the bridge and of its local port, at most 15 characters.
        type: str
        required: true
      state:
        description: V(absent) removes the bridge, with the tunnels and access ports of this
          O(owner) on it.
        type: str
        choices: [present, absent]
        default: present
      fail_mode:
        description: What the bridge does without an OpenFlow controller. Left alone when omitted.
        type: str
        choices: [standalone, secure]
      datapath_type:
        description: V(system) is the kernel's datapath, V(netdev) the one in userspace. Left alone
          when omitted; a new bridge is V(system).
        type: str
        choices: [system, netdev]
      mcast_snooping_enable:
        description: Whether multicast is sent only where somebody listens. Left alone when omitted.
        type: bool
      other_config:
        description: Keys of C(other_config), such as V(hwaddr). Keys that an earlier run declared
          and this one does not are removed, others are left alone. All are left alone when omitted.
        type: dict
      external_ids:
        description: Keys of C(external_ids), as O(bridges[].other_config).
        type: dict
      mtu:
        description: MTU of the local port in bytes, 68 to 65535. Left alone when omitted.
        type: int
      up:
        description: Whether the local port is up. Left alone when omitted, unless
          O(bridges[].address) has entries.
        type: bool
      address:
        description: Addresses with prefix length of the local port, IPv4 or IPv6. Others are
          removed, except link-local ones. Left alone when omitted. Not kept over a reboot.
        type: list
        elements: str
      adopt:
        description: Take over a bridge of that name that does not carry the mark of this O(owner).
        type: bool
        default: false
      force:
        description: With O(bridges[].state=absent), remove the bridge although it has ports
          that are not ours.
        type: bool
        default: false
  rollback:
    description: Whether the earlier rows are restored when a tunnel does not come up. V(false)
      keeps the failed state for inspection; ovs-vswitchd 3.1 then goes on trying without a pause,
      which takes a whole CPU.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait for ovs-vswitchd, 1 to 3600. It needs well under a millisecond per new
        tunnel; deleting grows with the square, several seconds for some thousands.
    type: int
    default: 30
  verify_kernel:
    description:
      - Whether the kernel of this host is looked at. Default V(true) for a database on this host,
        that is with C(unix:) or an address of this host, else V(false).
      - Without a look at the kernel the module relies on what ovs-vswitchd reports in the database.
        It sees no kernel drift, no clash of UDP ports in advance, and none at all where a tunnel
        that exists changes its O(dst_port), as ovs-vswitchd does not report that. It refuses
        O(bridges[].address) and O(bridges[].up). Unless V(false) is given, a warning says so.
      - Set V(false) where an address of this host is the end of a tunnel to a database elsewhere.
    type: bool
  database:
    description:
      - Where ovsdb-server listens, C(unix:/path), C(tcp:HOST:PORT) or C(ssl:HOST:PORT).
      - With C(ssl:) both sides prove who they are by a certificate that the other side's CA has
        signed, and the names in the certificates do not matter, as with every tool of Open vSwitch.
    type: str
    default: unix:/var/run/openvswitch/db.sock
notes:
  - The mark of ownership is the key C(tunnelmesh-owner) in C(external_ids) of the interface, and of
    the bridge.
  - All tunnels of a UDP port share one kernel device. Setting it down, as network managers do to
    devices they do not know, stops all of them while the database goes on reporting them as good.
seealso:
  - module: tunnelmesh.ovs.ovs_vxlan_port
    description: VXLAN ports on a kernel datapath without ovs-vswitchd.
"""

EXAMPLES = r"""
- name: A full mesh on one bridge
  tunnelmesh.ovs.ovs_vxlan_tunnel:
    bridges:
      - name: br-mesh
        fail_mode: standalone
        mtu: 1450
        address: [192.0.2.1/24]
    bridge: br-mesh
    key: 100
    protected: true
    remotes: [198.51.100.2, 198.51.100.3, 198.51.100.4]
    purge: true

- name: Two tunnels with names of their own on a bridge that exists
  tunnelmesh.ovs.ovs_vxlan_tunnel:
    bridge: br-int
    local_ip: 198.51.100.1
    tunnels:
      - name: vx-paris
        remote_ip: 198.51.100.2
        key: 10
      - name: vx-rome
        remote_ip: 198.51.100.3
        in_key: 11
        out_key: 12
        bfd: {enable: true, min_rx: 500}

- name: What would change, attribute by attribute
  tunnelmesh.ovs.ovs_vxlan_tunnel:
    name: vx-paris
    bridge: br-int
    remote_ip: 198.51.100.20
    key: 10
  check_mode: true
  diff: true

- name: The database of another host, by TLS
  tunnelmesh.ovs.ovs_vxlan_tunnel:
    database: ssl:198.51.100.7:6640
    database_private_key: /etc/openvswitch/client-privkey.pem
    database_certificate: /etc/openvswitch/client-cert.pem
    database_ca_cert: /etc/openvswitch/cacert.pem
    verify_kernel: false
    bridge: br-int
    key: 10
    remotes: [198.51.100.2]

- name: Remove all that this owner has made
  tunnelmesh.ovs.ovs_vxlan_tunnel:
    owner: default
    bridges: []
    tunnels: []
    purge: true
"""

RETURN = r"""
actions:
  description:
    - What was done, or in check mode would be done, in order.
    - Tunnels have the key C(port), bridges C(bridge), kernel devices C(device).
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of C(create), C(change), C(move), C(delete), C(retry); for a device
        C(set up), C(link), C(recreate), C(reload); for the local port of a bridge C(set).
      type: str
    why:
      description: The reason.
      type: str
    changes:
      description: What changed, each with C(before) and C(after).
      type: dict
  sample:
    - action: change
      port: vx-paris
      why: differs from what is declared
      changes:
        remote_ip: {before: 198.51.100.2, after: 198.51.100.20}
tunnels:
  description: The declared tunnels as they are now.
  returned: success
  type: list
  elements: dict
  sample:
    - name: vx-paris
      state: present
      bridge: br-int
      ofport: 1
      remote_ip: 198.51.100.20
      key: 10
      dst_port: 4789
      protected: false
      owner: default
      device:
        name: vxlan_sys_4789
        state: present
        up: true
        datapath: ovs-system
        dst_port: 4789
        extensions: []
bridges:
  description: The declared bridges as they are now.
  returned: success
  type: list
  elements: dict
  sample:
    - name: br-mesh
      state: present
      datapath_type: system
      mcast_snooping_enable: false
      fail_mode: standalone
      mtu: 1450
      owner: default
      up: true
      address: [192.0.2.1/24]
      ports: [vxab3kd7qjzm]
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

from ..module_utils.module import run_module
from ..module_utils.ovsdb.arguments import spec
from ..module_utils.ovsdb.task import apply


def main() -> None:
    """Wire the module together."""
    module = AnsibleModule(argument_spec=spec(), supports_check_mode=True)
    run_module(module, apply)


if __name__ == "__main__":
    main()
