#!/usr/bin/python
# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that does nothing: what Ansible itself costs, arguments included."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Take any data and return."""
    module = AnsibleModule(argument_spec={"data": {"type": "raw"}}, supports_check_mode=True)
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
