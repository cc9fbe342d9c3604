#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_vxlan_info
short_description: Tell what is wrong with every VXLAN tunnel and port, why, and what to do
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Reads kernel datapaths, vports, VXLAN devices with their flood lists and counters, bridges and
    tunnels of the Open vSwitch database, and what is around them, such as routes, neighbours,
    addresses, holders of UDP ports, NetworkManager and IPv6 switches.
  - Gives a verdict on every tunnel and on every port of ours. It is V(ok), or names the plane that
    is broken, a stable problem code, the cause, the culprit and the remedy. All codes are listed in
    U(https://github.com/tunnelmesh/ovs/blob/main/docs/problem-codes.md).
  - Changes nothing. It works without Open vSwitch's daemons, and without the kernel module.
  - Needs no privilege for the kernel's side. Reading the database takes root, and so does naming
    the processes of others and pinging remotes. What could not be looked at is said in a warning.
extends_documentation_fragment:
  - tunnelmesh.ovs.reading
  - tunnelmesh.ovs.tls
attributes:
  action_group:
    description: Takes the defaults that a play gives to C(group/tunnelmesh.ovs.ovs) by
      C(module_defaults).
    support: full
    membership: [tunnelmesh.ovs.ovs]
  check_mode:
    description: Reads in check mode as well.
    support: full
options:
  datapath:
    description: Show only what belongs to this kernel datapath. Tunnels of ovs-vswitchd belong to
      V(ovs-system).
    type: str
  bridge:
    description: Show only this bridge and its tunnels.
    type: str
  owner:
    description:
      - Show only what carries the mark of this owner.
      - With O(expected_ports) or O(expected_tunnels), what carries the mark and is not declared is
        reported as C(undeclared).
    type: str
  netns:
    description:
      - Work inside this named network namespace, as C(ip netns) shows it. The database of the host
        is then only read when O(database) is given.
    type: str
  expected_ports:
    description:
      - The ports that were declared, as they were given to
        O(tunnelmesh.ovs.ovs_vxlan_port#module:ports). What is missing or different is a problem.
      - Compared are C(state), C(datapath), C(vni), C(dst_port), C(local_ip), C(remotes) as far as
        given, and C(extensions), which is none when not given. Other keys are ignored.
    type: list
    elements: dict
  expected_tunnels:
    description:
      - The tunnels that were declared, as they were given to
        O(tunnelmesh.ovs.ovs_vxlan_tunnel#module:tunnels).
      - Compared are C(state), C(bridge), C(remote_ip), C(local_ip), C(key), C(in_key), C(out_key),
        C(dst_port) and C(extensions), as far as given. Other keys are ignored; leave out secrets.
    type: list
    elements: dict
  probe:
    description:
      - Which remotes are pinged on the underlay. V(suspects) are those whose next hop the kernel
        has not found; a single small packet each. V(all) pings every remote with a packet as large
        as a full one of the overlay becomes, and finds paths that drop large packets. V(none)
        sends nothing.
    type: str
    choices: [none, suspects, all]
    default: suspects
  wait_timeout:
    description: Seconds, 0 to 3600, that passing states get to settle, such as ovs-vswitchd at
      work, BFD coming up, or a neighbour being looked for. Nothing is waited for when all is well.
    type: int
    default: 5
  baseline:
    description:
      - RV(counters) of an earlier look. Errors that were counted since then are a problem.
        Without it nobody knows when they happened, and they are a problem when they are more than
        one in a thousand packets since boot.
    type: dict
  gather:
    description: What is returned besides the verdicts.
    type: list
    elements: str
    choices: [datapaths, devices, bridges, tunnels, udp]
    default: [datapaths, devices, bridges, tunnels, udp]
  database:
    description: Where ovsdb-server of this host listens, C(unix:/path), C(tcp:127.0.0.1:PORT) or
      C(ssl:127.0.0.1:PORT). Default is V(unix:/var/run/openvswitch/db.sock), or none with O(netns).
    type: str
seealso:
  - module: tunnelmesh.ovs.ovs_vxlan_port
  - module: tunnelmesh.ovs.ovs_vxlan_tunnel
"""

EXAMPLES = r"""
- name: Look at everything
  tunnelmesh.ovs.ovs_vxlan_info:
  register: vxlan

- name: Fail when a tunnel is broken, and say why
  ansible.builtin.assert:
    that: vxlan.summary.broken == 0
    fail_msg: "{{ vxlan.problems | map(attribute='cause') | join('; ') }}"

- name: Compare the ports of an owner with what is declared
  tunnelmesh.ovs.ovs_vxlan_info:
    owner: lab
    expected_ports: "{{ lab_ports }}"
    gather: [devices]
    probe: all
"""

RETURN = r"""
status:
  description: The worst of all verdicts, V(ok), V(warning) or V(broken).
  returned: success
  type: str
  sample: ok
summary:
  description: How many tunnels and ports are C(ok), C(warning) and C(broken).
  returned: success
  type: dict
  sample: {ok: 3, warning: 0, broken: 0}
verdicts:
  description: First the host as such, then one entry per tunnel and port.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(host), V(tunnel) (of the database) or V(port) (of the kernel).
      type: str
    name:
      description: Name of the tunnel or port.
      type: str
    bridge:
      description: Of a tunnel, its bridge.
      type: str
    datapath:
      description: Of a port, the datapath that it is, or should be, linked to.
      type: str
    owner:
      description: Whose mark it carries.
      type: str
    remotes:
      description: Addresses of the VTEPs that it leads to.
      type: list
      elements: str
    status:
      description: V(ok), V(warning) or V(broken).
      type: str
    code:
      description: V(ok), or the code of the root cause.
      type: str
    plane:
      description: V(management), V(data), V(underlay) or V(host). Absent when all is well, like the
        following ones.
      type: str
    cause:
      description: What is wrong.
      type: str
    culprit:
      description: The device, process, row or address behind it, where one is known.
      type: str
    remedy:
      description: What to do about it.
      type: str
    problems:
      description: Everything that is wrong with it, root cause first. Absent when all is well.
      type: list
      elements: dict
      contains:
        code: &code
          description: Stable name of the problem.
          type: str
        plane: &plane
          description: V(management), V(data), V(underlay) or V(host).
          type: str
        severity: &severity
          description: V(broken) when packets are lost, else V(warning).
          type: str
        cause: &cause
          description: What is wrong.
          type: str
        culprit: &culprit
          description: The device, process, row or address behind it, or null.
          type: str
        remedy: &remedy
          description: What to do about it.
          type: str
        remote:
          description: The remote that it is about, or null.
          type: str
  sample:
    - {kind: host, name: host, status: ok, code: ok}
    - kind: tunnel
      name: vx-paris
      bridge: br-int
      owner: default
      remotes: [198.51.100.2]
      status: broken
      code: device_down
      plane: data
      cause: vxlan_sys_4789 is down, which closed its UDP port
      culprit: vxlan_sys_4789
      remedy: ip link set vxlan_sys_4789 up; find out what set it down (NetworkManager, a script)
      problems:
        - code: device_down
          plane: data
          severity: broken
          cause: vxlan_sys_4789 is down, which closed its UDP port
          culprit: vxlan_sys_4789
          remedy: >-
            ip link set vxlan_sys_4789 up; find out what set it down (NetworkManager, a script)
          remote: null
problems:
  description: Every problem once, broken ones first, whomever it affects.
  returned: success
  type: list
  elements: dict
  contains:
    code: *code
    plane: *plane
    severity: *severity
    cause: *cause
    culprit: *culprit
    remedy: *remedy
    affects:
      description: Names of the tunnels and ports that have it; V(host) for the host as such.
      type: list
      elements: str
    remotes:
      description: Addresses of the remotes that it is about, where it is about any.
      type: list
      elements: str
  sample:
    - code: device_down
      plane: data
      severity: broken
      cause: vxlan_sys_4789 is down, which closed its UDP port
      culprit: vxlan_sys_4789
      remedy: ip link set vxlan_sys_4789 up; find out what set it down (NetworkManager, a script)
      affects: [vx-paris, vx-rome]
      remotes: []
host:
  description: The kernel module and the daemons.
  returned: success
  type: dict
  contains:
    openvswitch_loaded:
      description: Whether the kernel has the module openvswitch.
      type: bool
    vswitchd:
      description: State of ovs-vswitchd.
      type: dict
      contains:
        running:
          description: Whether it runs.
          type: bool
        pid:
          description: Its process, or null.
          type: int
        complaint:
          description: Why it does not work, such as being stopped, or null. Only told where the
            database was read.
          type: str
    database:
      description: State of the database.
      type: dict
      contains:
        read:
          description: Whether it was read.
          type: bool
        reason:
          description: Why it was not, or null.
          type: str
        next_cfg:
          description: Number of the configuration that is wanted, or null.
          type: int
        cur_cfg:
          description: Number of the configuration that ovs-vswitchd has carried out, or null.
          type: int
  sample:
    openvswitch_loaded: true
    vswitchd: {running: true, pid: 411, complaint: null}
    database: {read: true, reason: null, next_cfg: 7, cur_cfg: 7}
datapaths:
  description: Kernel datapaths.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    ifindex:
      description: Number of its local device.
      type: int
    owned_by:
      description: V(ovs-vswitchd), the owner whose mark it carries, or null.
      type: str
    up:
      description: Whether its local device is up.
      type: bool
    mtu:
      description: MTU of its local device.
      type: int
    address:
      description: Addresses of its local device, with prefix.
      type: list
      elements: str
    connect:
      description: Pairs of ports that are wired to each other, as in
        O(tunnelmesh.ovs.ovs_datapath#module:connect).
      type: list
      elements: list
    ports:
      description: Its vports.
      type: list
      elements: dict
      contains:
        port_no:
          description: Number of the port in the datapath.
          type: int
        name:
          description: Its name.
          type: str
        type:
          description: V(netdev), V(internal), V(vxlan) or another kind of tunnel.
          type: str
        tunnels:
          description: Of a device of ovs-vswitchd, the tunnels of the database that it serves.
          type: list
          elements: str
  sample:
    - name: lab0
      ifindex: 7
      owned_by: default
      up: true
      mtu: 1450
      address: [198.51.100.1/24]
      connect: [[lab0, vx100]]
      ports:
        - {port_no: 0, name: lab0, type: internal}
        - {port_no: 1, name: vx100, type: netdev}
devices:
  description:
    - Every VXLAN device. Besides the keys below it has every option of
      M(tunnelmesh.ovs.ovs_vxlan_port) by its name, rare ones only where they are set.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    belongs_to:
      description: V(ours), V(ovs-vswitchd) or V(foreign).
      type: str
    owner:
      description: Whose mark it carries, or null.
      type: str
    state:
      description: V(present) when it is linked to a datapath, else V(detached).
      type: str
    ifindex:
      description: Its number.
      type: int
    up:
      description: Whether it is up.
      type: bool
    promiscuity:
      description: How many users have it take every packet; a datapath is one.
      type: int
    vport_type:
      description: V(netdev), or V(vxlan) for a vport of the old kind.
      type: str
    group:
      description: Remote that it was created with; what counts is RV(devices[].remotes).
      type: str
    remotes:
      description: Its flood list, from the FDB.
      type: list
      elements: str
    tunnels:
      description: Tunnels of the database that it carries.
      type: list
      elements: str
    statistics:
      description: Counters since it was made. C(rx_errors) are received packets that were damaged.
      type: dict
  sample:
    - name: vx100
      belongs_to: ours
      owner: default
      state: present
      datapath: lab0
      port_no: 1
      vport_type: netdev
      ifindex: 8
      mac_address: 6e:1f:38:55:0c:1d
      promiscuity: 1
      up: true
      mtu: 1450
      vni: 100
      dst_port: 4789
      local_ip: 192.0.2.1
      remotes: [192.0.2.2, 192.0.2.3]
      dev: null
      extensions: []
      tunnels: []
      statistics: {rx_packets: 10, tx_packets: 12, rx_bytes: 980, tx_bytes: 1176, rx_errors: 0,
                   tx_errors: 0, rx_dropped: 0, tx_dropped: 0}
bridges:
  description:
    - Bridges of the database. Besides the keys below they have the options of
      O(tunnelmesh.ovs.ovs_vxlan_tunnel#module:bridges) that are set.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    owner:
      description: Whose mark it carries, or null.
      type: str
    ports:
      description: Names of its ports without the local one.
      type: list
      elements: str
    up:
      description: Whether its local device is up.
      type: bool
    mtu:
      description: MTU of its local device, or null where there is none.
      type: int
    address:
      description: Addresses of its local device, with prefix.
      type: list
      elements: str
    datapath_type:
      description: V(system) for the kernel, V(netdev) for userspace.
      type: str
  sample:
    - name: br-int
      owner: default
      datapath_type: system
      mcast_snooping_enable: false
      up: true
      mtu: 1450
      address: [198.51.100.1/24]
      ports: [vx-paris]
tunnels:
  description:
    - Tunnels of the database. Besides the keys below they have the options of
      O(tunnelmesh.ovs.ovs_vxlan_tunnel#module:tunnels) that are set; secrets are hidden.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    owner:
      description: Whose mark it carries, or null.
      type: str
    ofport:
      description: OpenFlow port, or null where ovs-vswitchd has given it none.
      type: int
    error:
      description: Why ovs-vswitchd refused it. Absent when it did not.
      type: str
    vport:
      description: The kernel vport that serves it, or null.
      type: dict
      contains:
        name:
          description: Its device.
          type: str
        up:
          description: Whether the device is up.
          type: bool
        datapath:
          description: The datapath that it is linked to, or null.
          type: str
        port_no:
          description: Its number there, or null.
          type: int
    bfd_status:
      description: State of BFD as ovs-vswitchd tells it, where BFD is on.
      type: dict
    statistics:
      description: Counters of the tunnel, as ovs-vswitchd tells them every few seconds.
      type: dict
  sample:
    - name: vx-paris
      bridge: br-int
      owner: default
      ofport: 1
      remote_ip: 198.51.100.2
      key: 10
      dst_port: 4789
      protected: false
      vport: {name: vxlan_sys_4789, up: true, datapath: ovs-system, port_no: 2}
      statistics: {rx_packets: 10, tx_packets: 12}
udp:
  description: The sockets on UDP ports that VXLAN uses here.
  returned: when gathered
  type: list
  elements: dict
  contains:
    port:
      description: UDP port.
      type: int
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    address:
      description: Address that it is bound to.
      type: str
    devices:
      description: VXLAN devices with that port that are up.
      type: list
      elements: str
    holder:
      description: V(the kernel), the process, or that it may not be seen.
      type: str
  sample:
    - {port: 4789, family: ipv4, address: 0.0.0.0, devices: [vx100], holder: the kernel}
counters:
  description: Error counters that verdicts rest on, by name, for O(baseline) of a later look.
  returned: success
  type: dict
  sample: {vx100 rx_errors: 0, udp4 checksum_errors: 0}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.module import run_module
from ..module_utils.verdict.info import PROBES, SECTIONS, apply


def main() -> None:
    """Wire the module together."""
    spec: dict[str, Any] = {
        **{name: {"type": "str"} for name in ("datapath", "bridge", "owner", "netns", "database")},
        "expected_ports": {"type": "list", "elements": "dict"},
        "expected_tunnels": {"type": "list", "elements": "dict"},
        "probe": {"type": "str", "choices": list(PROBES), "default": "suspects"},
        "wait_timeout": {"type": "int", "default": 5},
        "baseline": {"type": "dict"},
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": list(SECTIONS),
            "default": list(SECTIONS),
        },
        "database_private_key": {"type": "path", "no_log": False},
        "database_certificate": {"type": "path"},
        "database_ca_cert": {"type": "path"},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    run_module(module, apply)


if __name__ == "__main__":
    main()
