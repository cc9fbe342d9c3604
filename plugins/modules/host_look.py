#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_look
short_description: See in one task what a host has, before anything is done to it
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Tells whether the daemons of Open vSwitch run, which device has an address, and which packages
    and kernel modules are missing, where facts and a package manager take several round trips and
    seconds.
  - Reads files and netlink. Starts no shell and no other program, and needs nothing but Python, so
    that it works on a host that is not prepared yet.
  - Made for the roles of this collection.
extends_documentation_fragment:
  - tunnelmesh.ovs.reading
attributes:
  check_mode:
    description: The same in check mode, since nothing is changed.
    support: full
options:
  address:
    description: An address of the host, IPv4 or IPv6, of which to tell the device.
    type: str
  kernel_modules:
    description: Kernel modules that should be loaded.
    type: list
    elements: str
    default: []
  dpkg_packages:
    description: Packages that should be installed where the host uses dpkg.
    type: list
    elements: str
    default: []
  rpm_packages:
    description:
      - Packages that should be installed where the host uses RPM. Its database is read by its own
        Python binding. Where the Python that runs the task does not have that, all of them count as
        missing.
    type: list
    elements: str
    default: []
seealso:
  - module: tunnelmesh.ovs.host_files
"""

EXAMPLES = r"""
- name: Look at the host
  tunnelmesh.ovs.host_look:
    address: 192.0.2.11
    kernel_modules: [openvswitch, vxlan]
    dpkg_packages: [openvswitch-switch]
    rpm_packages: [openvswitch]
  register: seen

- name: Say which device has the address
  ansible.builtin.debug:
    msg: "{{ seen.underlay }}"
"""

RETURN = r"""
vswitchd:
  description: V(running), V(stopped) where ovs-vswitchd is installed, or V(absent).
  returned: success
  type: str
  sample: running
ovsdb:
  description: The same of ovsdb-server.
  returned: success
  type: str
  sample: running
underlay:
  description:
    - The devices that have O(address). Where none has it, up to 20 other addresses of the host that
      could have been meant.
  returned: with O(address)
  type: list
  elements: dict
  contains:
    address:
      description: The address without its prefix length.
      type: str
    device:
      description: The device that has it.
      type: str
    mtu:
      description: MTU of the device in bytes.
      type: int
  sample:
    - {address: 192.0.2.11, device: eth1, mtu: 1500}
missing_kernel_modules:
  description:
    - Those of O(kernel_modules) that are not loaded. One that is built into the kernel and has no
      parameters cannot be told from one that is missing.
  returned: success
  type: list
  elements: str
  sample: [vxlan]
missing_packages:
  description: Those of O(dpkg_packages) or O(rpm_packages) that are not installed.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import look
from ..module_utils.module import run_module

NAMES = {"type": "list", "elements": "str", "default": []}
OPTIONS: dict[str, Any] = {
    "address": {"type": "str"},
    "kernel_modules": NAMES,
    "dpkg_packages": NAMES,
    "rpm_packages": NAMES,
}


def seen(params: dict[str, Any], _check_mode: bool) -> dict[str, Any]:
    """The result of the module."""
    daemons = look.programs(("ovs-vswitchd", "ovsdb-server"))
    address = params["address"]
    return {
        "changed": False,
        "vswitchd": daemons["ovs-vswitchd"],
        "ovsdb": daemons["ovsdb-server"],
        **({} if address is None else {"underlay": look.underlay(address)}),
        "missing_kernel_modules": look.missing_kernel_modules(params["kernel_modules"]),
        "missing_packages": look.missing_packages(params["dpkg_packages"], params["rpm_packages"]),
    }


def main() -> None:
    """Wire the module together."""
    run_module(AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True), seen)


if __name__ == "__main__":
    main()
