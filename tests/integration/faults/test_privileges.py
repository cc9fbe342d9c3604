"""The least privileges: what a task may do without, tried on a real kernel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.harness import REMOTE, Target
from tests.integration.kernel.host import DATAPATH, PORT, Host

MODES = ["0600", "0640", "0644"]
CALL = """
import json, sys
sys.path.insert(0, {remote!r})
import guest_runner
guest_runner.call(json.loads({request!r}))
"""


@pytest.fixture
def host(vtep1: Target) -> Host:
    """The kernel plane's host, clean."""
    found = Host(vtep1)
    found.clean()
    return found


def as_nobody(host: Host, capabilities: str, module: str, **args: Any) -> dict[str, Any]:
    """Run a module as user nobody with these capabilities and none besides."""
    request = json.dumps({"module": module, "args": args})
    program = CALL.format(remote=REMOTE, request=request)
    host.sh(f"cat >/tmp/call.py <<'EOF'\n{program}EOF\n")
    held = ",".join(f"+{name}" for name in capabilities.split()) or "-all"
    sets = f"--inh-caps=-all,{held} --ambient-caps=-all,{held} --bounding-set=-all,{held}"
    text = host.sh(
        f"cd / && setpriv --reuid=nobody --regid=nogroup --clear-groups {sets} "
        "python3 /tmp/call.py",
        check=False,
    )
    lines = [line for line in text.splitlines() if line.startswith("{")]
    assert lines, text
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def test_net_admin_is_enough(host: Host) -> None:
    made = as_nobody(host, "net_admin", DATAPATH, name="lab0", address=["198.19.1.1/24"], mtu=1400)
    assert not made.get("failed"), made
    ports = [{"name": "vx1", "vni": 1, "remotes": ["198.18.0.12"], "datapath": "lab0"}]
    made = as_nobody(host, "net_admin", PORT, ports=ports)
    assert not made.get("failed"), made
    seen = host.look()
    assert seen.linked("vx1", "lab0")
    assert seen.owner("vx1") == "default"
    gone = as_nobody(host, "net_admin", PORT, ports=[], purge=True)
    assert [entry["action"] for entry in gone["actions"]], gone


@pytest.mark.parametrize("others", ["", "net_raw net_bind_service sys_ptrace"])
def test_without_net_admin_nothing_is_touched(host: Host, others: str) -> None:
    before = host.look()
    refused = as_nobody(host, others, DATAPATH, name="lab0")
    assert refused["failed"]
    assert "CAP_NET_ADMIN" in refused["msg"]
    assert "become: true" in refused["remedy"]
    assert host.look() == before


def test_reading_needs_no_privilege_at_all(host: Host) -> None:
    host.datapath("lab0")
    seen = as_nobody(host, "", "ovs_vxlan_info", gather=["datapaths", "devices"])
    assert not seen.get("failed"), seen
    assert "lab0" in json.dumps(seen["datapaths"])


def test_what_is_written_is_written_tightly(vtep1: Target) -> None:
    """A file has its mode before it has its name, so no one reads it in between."""
    folder = "/tmp/tunnelmesh-modes"
    vtep1.sh(f"rm -rf {folder}; mkdir {folder}; chmod 777 {folder}")
    files = [{"path": f"{folder}/{mode}", "content": "secret", "mode": mode} for mode in MODES]
    sabotage = {"point": "file os.rename", "how": "script", "root": folder}
    script = f"stat -c %a {folder}/.*.tunnelmesh >{folder}/seen"
    spoil = {"sabotage": {**sabotage, "script": script}}
    result = vtep1.run.spoiled("host_files", spoil, files=files)
    assert not result.get("failed"), result
    assert vtep1.sh(f"cat {folder}/seen").split() == [MODES[0].lstrip("0")]
    listed = vtep1.sh(f"cd {folder} && stat -c '%a %U %n' 0*").splitlines()
    assert listed == [f"{int(mode)} root {mode}" for mode in sorted(MODES)]
    vtep1.sh(f"rm -rf {folder}")
