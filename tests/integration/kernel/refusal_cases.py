"""Tasks that collide with the world of test_refusals.py, and what their messages say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.integration.kernel.host import PORT


@dataclass(frozen=True)
class Case:
    """A task that is refused, and what the three parts of its message say (as patterns)."""

    name: str
    args: dict[str, Any]
    cause: str
    culprit: str
    remedy: str
    module: str = PORT


def port(**options: Any) -> dict[str, Any]:
    """A port on the datapath lab0."""
    return {"name": "new", "datapath": "lab0", **options}


COLLISIONS = [
    Case(
        "udp-port-of-a-process",
        port(vni=1, dst_port=5001),
        "UDP port 5001 is held",
        r"process python3 \(pid PID\)",
        "choose another dst_port",
    ),
    Case(
        "udp-port-of-other-flags",
        port(vni=1, dst_port=5002),
        "UDP port 5002 is held by a device with other flags",
        r"vgbp \(vxlan, VNI 51, .*gbp",
        "same extensions",
    ),
    Case(
        "udp-port-of-an-external-device",
        port(vni=1, dst_port=5004),
        "UDP port 5004 is held",
        r"vext \(vxlan, external",
        "another dst_port",
    ),
    Case(
        "udp-port-of-a-legacy-port",
        port(dst_port=5005),
        "on UDP port 5005 already exists",
        r"vlegacy \(vxlan, external, .*linked to lab0",
        "remove vlegacy",
    ),
    Case(
        "udp-port-of-a-legacy-port-with-vni",
        port(dst_port=5005, vni=1),
        "UDP port 5005 is held",
        r"vlegacy \(vxlan, external",
        "remove vlegacy",
    ),
    Case(
        "legacy-on-a-used-udp-port",
        port(dst_port=5006, vport_type="vxlan"),
        "UDP port 5006 is held",
        r"vforeign \(vxlan, VNI 54",
        "remove vforeign",
    ),
    Case(
        "legacy-on-an-external-udp-port",
        port(dst_port=5004, vport_type="vxlan"),
        "on UDP port 5004 already exists",
        "vext",
        "remove vext",
    ),
    Case(
        "vni-in-use",
        port(vni=51, dst_port=5002, extensions=["gbp"]),
        "VNI 51 on UDP port 5002 already exists",
        r"vgbp \(",
        "choose another vni",
    ),
    Case(
        "vni-of-a-device-that-is-down",
        port(vni=52, dst_port=5003),
        "VNI 52 on UDP port 5003 already exists",
        r"vdown \(.*down",
        "choose another vni",
    ),
    Case(
        "vni-of-the-same-set",
        {"datapath": "lab0", "ports": [{"name": "a1", "vni": 9}, {"name": "a2", "vni": 9}]},
        "VNI 9 on UDP port 4789 already exists",
        "a[12]",
        "choose another vni",
    ),
    Case(
        "enslaved-device",
        port(name="vbridged", vni=50, dst_port=5050, adopt=True),
        "vbridged is enslaved",
        r"master brl \(bridge\)",
        "nomaster",
    ),
    Case(
        "name-of-a-dummy",
        port(name="dum0", vni=1),
        "dum0 is not a vxlan device",
        "kind dummy",
        "choose another name",
    ),
    Case(
        "name-of-a-dummy-to-remove",
        {"name": "dum0", "state": "absent"},
        "dum0 is not a vxlan device",
        "kind dummy",
        "choose another name",
    ),
    Case(
        "name-of-a-physical-device",
        port(name="eth1", vni=1, adopt=True),
        "eth1 is not a vxlan device",
        "physical",
        "choose another name",
    ),
    Case(
        "name-of-the-loopback", port(name="lo", vni=1), "name 'lo' is reserved", "", "visible ASCII"
    ),
    Case(
        "name-of-an-internal-port",
        port(name="inner0", vni=1, adopt=True),
        "inner0 is not a vxlan device",
        "kind openvswitch",
        "choose another name",
    ),
    Case(
        "name-of-a-datapath",
        port(name="lab0", vni=1),
        "datapath 'lab0' is the port itself",
        "",
        "another name than its datapath",
    ),
]
