#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
short_description: Keep a set of small configuration files and links in one task
version_added: 0.1.0
author: the tunnelmesh.ovs authors (@tunnelmesh)
description:
  - Writes, links and removes all files of a set in one task per host, where
    M(ansible.builtin.template) takes two round trips per file even when there is nothing to do.
  - Made for the roles of this collection; the files belong to the user who runs the task.
  - All or nothing. When a path cannot be written, those before it are put back.
attributes:
  check_mode:
    description: Tells exactly what a run would change.
    support: full
  diff_mode:
    description: Shows every file before and after.
    support: full
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path.
        type: str
        required: true
      state:
        description: V(absent) removes the file or link.
        type: str
        choices: [present, absent]
        default: present
      content:
        description: The whole text of a file.
        type: str
      target:
        description: What a symbolic link points at.
        type: str
      mode:
        description: Permissions of a file as an octal number.
        type: str
        default: "0644"
      optional:
        description: Leave the file out where its folder does not exist.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: A unit, enabled
  tunnelmesh.ovs.host_files:
    files:
      - path: /etc/systemd/system/example.service
        content: "{{ lookup('ansible.builtin.template', 'example.service.j2') }}"
      - path: /etc/systemd/system/multi-user.target.wants/example.service
        target: /etc/systemd/system/example.service
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(change) and V(delete).
      type: str
    path:
      description: The path it was done to.
      type: str
  sample:
    - {action: create, path: /etc/systemd/system/example.service}
rolled_back:
  description: Whether all that the failed run had changed is undone.
  returned: when the run failed after it had changed something, and everything is undone
  type: bool
  sample: true
leftovers:
  description: What a failed run could not put back.
  returned: when the run failed and something is left
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.files import apply
from ..module_utils.module import run_module

FILE = {
    "path": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "content": {"type": "str"},
    "target": {"type": "str"},
    "mode": {"type": "str", "default": "0644"},
    "optional": {"type": "bool", "default": False},
}


def main() -> None:
    """Wire the module together."""
    spec: dict[str, Any] = {
        "files": {"type": "list", "elements": "dict", "required": True, "options": FILE},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    run_module(module, lambda params, check_mode: apply(params["files"], check_mode))


if __name__ == "__main__":
    main()
