# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seam to Ansible: every failure that a user can meet becomes ``fail_json`` with a message.

Private to this collection.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .core.errors import TunnelMeshError


def run_module(
    module: AnsibleModule, body: Callable[[dict[str, Any], bool], dict[str, Any]]
) -> None:
    """Call ``body(params, check_mode)`` and hand its result, or its error, to Ansible."""
    gc.disable()  # a module is over before it has garbage worth looking for
    invocation = {"module_args": {name: _given(value) for name, value in module.params.items()}}
    try:
        result = body(module.params, module.check_mode)
    except TunnelMeshError as error:
        module.fail_json(
            msg=error.message,
            cause=error.cause,
            culprit=error.culprit,
            remedy=error.remedy,
            invocation=invocation,
            **error.details,
        )
    except Exception as error:  # noqa: BLE001 - a bug of ours: still a message, never a bare traceback
        module.fail_json(
            msg=f"internal error in tunnelmesh.ovs: {type(error).__name__}: {error}. "
            "Remedy: report it together with the field 'exception'",
            exception=traceback.format_exc(),
            invocation=invocation,
        )
    else:
        for text in result.pop("warnings", ()):
            module.warn(text)
        module.exit_json(invocation=invocation, **result)


def _given(value: Any) -> Any:
    """A parameter without the options that its entries leave out.

    Of a thousand ports with thirty options each, Ansible would otherwise send back every one.
    """
    if isinstance(value, list):
        return [_given(item) for item in value]
    if isinstance(value, dict):
        return {name: _given(item) for name, item in value.items() if item is not None}
    return value
