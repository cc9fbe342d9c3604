"""The tunnels that every contestant makes: the same names, remotes and keys."""

from __future__ import annotations

from typing import Any

from tests.bench.switch import BRIDGE


def declared(count: int) -> list[dict[str, str]]:
    """``count`` tunnels as options of ovs_vxlan_tunnel."""
    return [
        {
            "name": f"vx{number}",
            "remote_ip": f"198.18.{number // 250}.{number % 250 + 1}",
            "key": str(number),
        }
        for number in range(count)
    ]


def our_task(database: str | None = None) -> list[dict[str, Any]]:
    """One task for all tunnels in the variable ``tunnels``."""
    options = {"bridge": BRIDGE, "tunnels": "{{ tunnels }}"}
    if database:
        options["database"] = database
    return [{"tunnelmesh.ovs.ovs_vxlan_tunnel": options}]


def peer_task() -> list[dict[str, Any]]:
    """The peer's module in a loop over the same variable, as its documentation shows it."""
    settings = "type=vxlan options:remote_ip={{ item.remote_ip }} options:key={{ item.key }}"
    options = {
        "bridge": BRIDGE,
        "port": "{{ item.name }}",
        "set": [f"Interface {{{{ item.name }}}} {settings}"],
    }
    return [
        {
            "openvswitch.openvswitch.openvswitch_port": options,
            "loop": "{{ tunnels }}",
            "loop_control": {"label": "{{ item.name }}"},
        }
    ]


def vsctl(count: int) -> list[str]:
    """One transaction of ovs-vsctl, which waits for ovs-vswitchd."""
    words = ["ovs-vsctl", "--timeout=600"]
    for one in declared(count):
        options = [f"options:remote_ip={one['remote_ip']}", f"options:key={one['key']}"]
        words += ["--", "add-port", BRIDGE, one["name"]]
        words += ["--", "set", "Interface", one["name"], "type=vxlan", *options]
    return words
