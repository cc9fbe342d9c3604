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
attributes:
  check_mode:
    description: Reads in check mode as well.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
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
  database_private_key:
    description: PEM file with the private key, for C(ssl:).
    type: path
  database_certificate:
    description: PEM file with the certificate, for C(ssl:).
    type: path
  database_ca_cert:
    description: PEM file with the CA certificate of the server, for C(ssl:).
    type: path
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
      description: Everything that is wrong with it, root cause first, each with C(code), C(plane),
        C(severity), C(cause), C(culprit), C(remedy) and C(remote).
      type: list
      elements: dict
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
      problems: []
problems:
  description:
    - Every problem once, broken ones first, with the names that it C(affects) and the C(remotes)
      that it is about.
  returned: success
  type: list
  elements: dict
  sample: []
host:
  description: Whether the kernel module is loaded, and the state of ovs-vswitchd and its database.
  returned: success
  type: dict
  sample:
    openvswitch_loaded: true
    vswitchd: {running: true, pid: 411, complaint: null}
    database: {read: true, reason: null, next_cfg: 7, cur_cfg: 7}
datapaths:
  description:
    - Kernel datapaths. C(owned_by) is V(ovs-vswitchd), the owner whose mark it carries, or none.
      C(ports) are its vports, those of ovs-vswitchd with the C(tunnels) that they serve.
  returned: when gathered
  type: list
  elements: dict
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
    - Every VXLAN device, with the attributes that RV(tunnelmesh.ovs.ovs_vxlan_port#module:ports)
      has, its counters, and whom it C(belongs_to), V(ours), V(ovs-vswitchd) or V(foreign).
  returned: when gathered
  type: list
  elements: dict
  sample: []
bridges:
  description: Bridges of the database with their ports and the state of their local port.
  returned: when gathered
  type: list
  elements: dict
  sample: []
tunnels:
  description:
    - Tunnels of the database as RV(tunnelmesh.ovs.ovs_vxlan_tunnel#module:tunnels) has them, with
      C(vport), the kernel vport that serves them, C(bfd_status) and C(statistics).
  returned: when gathered
  type: list
  elements: dict
  sample: []
udp:
  description: The sockets on UDP ports that VXLAN uses here, each with the C(devices) and the
    C(holder) that it belongs to.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - {port: 4789, family: ipv4, address: 0.0.0.0, devices: [vx100], holder: the kernel}
counters:
  description: Error counters that verdicts rest on, for O(baseline) of a later look.
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
