"""Runs on a guest: reads one module call per line, runs it in a fork, prints its result.

The fork starts with everything imported, so a call costs what the module itself does. The
module's own ``main()`` runs with Ansible's real ``AnsibleModule``; only the transfer by Ansible
is left out, which the playbook tests have.

A line is JSON: {"module": NAME, "args": {...}, "check": bool}; the answer is one line of JSON:
the module's result, or {"crash": TEXT} where it printed none.
"""

import importlib
import json
import os
import sys
from typing import Any


def call(request: dict[str, Any]) -> None:
    """Run one module in this process; it prints its result and exits."""
    from ansible.module_utils import basic

    arguments = {"_ansible_check_mode": request.get("check", False), "_ansible_diff": True}
    arguments.update(request["args"])
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    name = f"ansible_collections.tunnelmesh.ovs.plugins.modules.{request['module']}"
    sys.argv = [name]
    importlib.import_module(name).main()


def forked(request: dict[str, Any]) -> dict[str, Any]:
    """Run one module in a fork and return what it printed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        try:
            call(request)
        except SystemExit:
            sys.stdout.flush()
            os._exit(0)
        finally:
            sys.stdout.flush()
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read().decode("utf-8", "replace")
    os.waitpid(pid, 0)
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            answer: dict[str, Any] = json.loads(line)
            return answer
    return {"crash": output}


def main() -> None:
    """Serve until the connection closes."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    import ansible.module_utils.basic
    import pyroute2  # noqa: F401

    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(forked(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
