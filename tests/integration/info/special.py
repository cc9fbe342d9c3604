"""Codes that no script on a lab's host provokes; tests/unit/verdict holds their only proof."""

SPECIAL = {
    # The state itself is out of reach of a script here.
    "module_missing",
    "socket_missing",
    "networkmanager_manages",
    # Of a whole mesh, seen from outside its hosts: ovs_vxlan_info itself never gives them.
    "host_unreachable",
    "overlay_mtu",
    "overlay_oversize",
    "overlay_silent",
    "overlay_loss",
}
