#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: overlay_ping
short_description: Prove that every peer of an overlay is reached at full MTU
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Sends one ICMP echo request with don't-fragment set to every peer at once, as large as the MTU
    of the overlay, and repeats it to those that are silent until O(timeout).
  - Then sends one that is a single byte larger, which must not arrive.
  - With O(count) it measures loss and latency, with O(search) the largest packet that passes.
  - No process is started per peer. Nothing is changed on the host.
  - In check mode nothing is sent, because the overlay may not exist yet; the task is skipped and
    says so.
extends_documentation_fragment:
  - tunnelmesh.ovs.reading
attributes:
  check_mode:
    description: Skips the task.
    support: full
requirements:
  - CAP_NET_RAW
options:
  overlays:
    description:
      - The overlays of this host, as P(tunnelmesh.ovs.fleet_host#filter) lists them.
    type: list
    elements: dict
    required: true
    suboptions:
      segment:
        description: Name of the segment, for the result.
        type: str
        required: true
      device:
        description: The device that holds this host's overlay address.
        type: str
        required: true
      mtu:
        description: MTU of the overlay in bytes.
        type: int
        required: true
      addresses:
        description:
          - This host's own addresses in the segment. Peers of a family that the host has no address
            of are left out.
        type: list
        elements: str
        required: true
      peers:
        description: The peers with their overlay addresses.
        type: list
        elements: dict
        required: true
        suboptions:
          host:
            description: Name of the peer.
            type: str
            required: true
          address:
            description: One address of the peer, IPv4 or IPv6.
            type: str
            required: true
  required:
    description:
      - Peers that have to answer. Others are tried as well and are reported, but may be silent.
      - Default is all of them.
    type: list
    elements: str
  timeout:
    description:
      - Seconds to wait for the peers that have to answer, since they may still be converging. At
        least V(1).
    type: int
    default: 30
  oversize:
    description:
      - Also check that one byte more than the MTU does not pass.
    type: bool
    default: true
  count:
    description:
      - Echo requests of full size that every peer gets which answers at all, 1 to 1000, a fifth of
        a second apart. Loss and latency are measured by them.
    type: int
    default: 1
  search:
    description:
      - Where small packets pass and those of full size do not, find the largest that do. Takes
        about ten seconds, for all peers together.
    type: bool
    default: false
  netns:
    description:
      - Work inside this named network namespace, as C(ip netns) shows it.
    type: str
seealso:
  - plugin: tunnelmesh.ovs.fleet_host
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Reach two peers at 1450 bytes
  tunnelmesh.ovs.overlay_ping:
    overlays:
      - segment: lab
        device: dp-lab
        mtu: 1450
        addresses: [198.51.100.1/24]
        peers:
          - {host: hv2, address: 198.51.100.2}
          - {host: hv3, address: 198.51.100.3}
"""

RETURN = r"""
peers:
  description: One entry per address of a peer.
  returned: always, except in check mode
  type: list
  elements: dict
  contains:
    segment:
      description: Name of the segment.
      type: str
    host:
      description: Name of the peer.
      type: str
    address:
      description: The address that was tried.
      type: str
    mtu:
      description: Size in bytes of the packet that has to pass.
      type: int
    rtt_ms:
      description: Milliseconds until the answer to it, the median of all; none when it was silent.
      type: float
    rtt_max_ms:
      description: The longest of them.
      type: float
    loss:
      description: Percentage of the packets of full size that were not answered.
      type: float
    largest:
      description:
        - Bytes of the largest packet that was answered. Where O(search=false) and those of full
          size do not pass, that is the small one.
      type: int
    attempts:
      description: How often it was sent.
      type: int
    oversize:
      description:
        - What became of a packet one byte larger. V(refused) by this host, V(lost) on the way,
          V(passed), or V(not tried).
      type: str
    required:
      description: Whether the peer had to answer.
      type: bool
    verdict:
      description: V(ok), or what is wrong.
      type: str
  sample:
    - segment: lab
      host: hv2
      address: 198.51.100.2
      mtu: 1450
      rtt_ms: 0.8
      rtt_max_ms: 0.8
      loss: 0.0
      largest: 1450
      attempts: 1
      oversize: refused
      required: true
      verdict: ok
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.module import run_module
from ..module_utils.overlay import apply

PEER = {
    "host": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
}
OVERLAY = {
    "segment": {"type": "str", "required": True},
    "device": {"type": "str", "required": True},
    "mtu": {"type": "int", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "peers": {"type": "list", "elements": "dict", "required": True, "options": PEER},
}


def main() -> None:
    """Wire the module together."""
    spec: dict[str, Any] = {
        "overlays": {"type": "list", "elements": "dict", "required": True, "options": OVERLAY},
        "required": {"type": "list", "elements": "str"},
        "timeout": {"type": "int", "default": 30},
        "oversize": {"type": "bool", "default": True},
        "count": {"type": "int", "default": 1},
        "search": {"type": "bool", "default": False},
        "netns": {"type": "str"},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    if module.check_mode:
        module.exit_json(
            changed=False,
            skipped=True,
            msg="nothing is sent in check mode: the overlay may not exist yet",
        )
    run_module(module, apply)


if __name__ == "__main__":
    main()
