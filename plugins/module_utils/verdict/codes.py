# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every problem that a verdict can name: the one table of codes.

Codes are stable: a code keeps its meaning, and a meaning its code. docs/problem-codes.md is made
from this table. The order is from root cause to symptom: of several problems of one tunnel the
first is the one to look at.
"""

from __future__ import annotations

from dataclasses import dataclass

MANAGEMENT, DATA, UNDERLAY, HOST = "management", "data", "underlay", "host"
BROKEN, WARNING, OK = "broken", "warning", "ok"


@dataclass(frozen=True)
class Code:
    """One kind of problem.

    :param code: the stable name.
    :param plane: ``management`` (OVSDB and ovs-vswitchd), ``data`` (the kernel's devices, vports
        and flood lists), ``underlay`` (the way to the peer) or ``host`` (what else is on it).
    :param severity: ``broken``: packets are lost. ``warning``: they are not, or not yet, or not
        all.
    :param cause: what is wrong; placeholders are facts of the finding.
    :param remedy: what to do about it; placeholders as in ``cause``.
    """

    code: str
    plane: str
    severity: str
    cause: str
    remedy: str


_TABLE = (
    Code(
        "host_unreachable",
        HOST,
        BROKEN,
        "{host} was not looked at: {reason}",
        "see whether the host is up, and whether Ansible may log in and become root",
    ),
    Code(
        "module_missing",
        HOST,
        BROKEN,
        "kernel module openvswitch is not loaded",
        "modprobe openvswitch, and list it in /etc/modules-load.d",
    ),
    Code(
        "vswitchd_not_running",
        MANAGEMENT,
        BROKEN,
        "the database has bridges, and no ovs-vswitchd runs on this host",
        "start it: systemctl start openvswitch-switch (Debian) or openvswitch (Red Hat)",
    ),
    Code(
        "vswitchd_hung",
        MANAGEMENT,
        BROKEN,
        "ovs-vswitchd does not follow the database (next_cfg {next_cfg}, cur_cfg {cur_cfg})",
        "see /var/log/openvswitch/ovs-vswitchd.log, then continue or restart ovs-vswitchd",
    ),
    Code(
        "upcalls_lost",
        MANAGEMENT,
        BROKEN,
        "ovs-vswitchd takes none of the packets that datapath {datapath} hands to it: all {count} "
        "were lost",
        "systemctl restart ovs-vswitchd; Open vSwitch 3.1.0 is so when it starts within ten "
        "seconds of the kernel, before which role vtep makes it wait",
    ),
    Code(
        "database_unreachable",
        MANAGEMENT,
        WARNING,
        "datapath {datapath} of ovs-vswitchd is there, its database does not answer: {reason}",
        "start ovsdb-server, or give the right address in 'database'",
    ),
    Code(
        "ipv6_disabled",
        HOST,
        BROKEN,
        "the underlay of {name} is IPv6, which is off on this host",
        "modprobe ipv6, set {sysctl} to 0, then set {device} down and up again",
    ),
    Code(
        "duplicate_tunnel",
        MANAGEMENT,
        BROKEN,
        "{name} has the same remote_ip, local_ip, key and dst_port as another tunnel",
        "remove one of the two, or give it another key or dst_port",
    ),
    Code(
        "udp_port_held",
        HOST,
        BROKEN,
        "UDP port {dst_port}, which {name} needs, is held by somebody else",
        "stop what holds it, or choose another dst_port on all members",
    ),
    Code(
        "extensions_conflict",
        MANAGEMENT,
        BROKEN,
        "tunnels with and without gbp or gpe share UDP port {dst_port}",
        "use the same extensions on all tunnels of a dst_port, or another dst_port",
    ),
    Code(
        "tunnel_refused",
        MANAGEMENT,
        BROKEN,
        "ovs-vswitchd refused {name}: {reason}",
        "correct the row: ovs-vsctl get Interface {name} error options",
    ),
    Code(
        "no_ofport",
        MANAGEMENT,
        BROKEN,
        "{name} has a row in the database and no OpenFlow port",
        "see /var/log/openvswitch/ovs-vswitchd.log; ovs-vswitchd did not take the row up",
    ),
    Code(
        "option_ignored",
        MANAGEMENT,
        BROKEN,
        "ovs-vswitchd ignores an option of {name} without a word: {option}={value}",
        "correct it: ovs-vsctl set Interface {name} options:{option}=VALUE",
    ),
    Code(
        "tunnel_missing",
        MANAGEMENT,
        BROKEN,
        "{name} is declared and has no row in the database",
        "run the task or role that declares it again",
    ),
    Code(
        "tunnel_differs",
        MANAGEMENT,
        BROKEN,
        "the row of {name} is not what is declared: {differences}",
        "run the task or role that declares it again",
    ),
    Code(
        "port_missing",
        DATA,
        BROKEN,
        "{name} is declared and there is no such device in the kernel",
        "run the task or role that declares it again",
    ),
    Code(
        "device_missing",
        DATA,
        BROKEN,
        "ovs-vswitchd reports ofport {ofport}, and {device}, which carries it, does not exist",
        "run ovs_vxlan_tunnel again, or restart ovs-vswitchd: either makes the device anew",
    ),
    Code(
        "device_elsewhere",
        DATA,
        BROKEN,
        "{device} is linked to {found} instead of datapath {datapath}",
        "unlink it there (ip link set {device} nomaster, or ovs-dpctl del-if), then run again",
    ),
    Code(
        "device_detached",
        DATA,
        BROKEN,
        "{device} exists and is not linked to a datapath",
        "run the task or role that declares it again",
    ),
    Code(
        "device_differs",
        DATA,
        BROKEN,
        "{device} is not as it has to be: {differences}",
        "run the task or role that declares it again: it makes the device anew",
    ),
    Code(
        "device_down",
        DATA,
        BROKEN,
        "{device} is down, which closed its UDP port",
        "ip link set {device} up; find out what set it down (NetworkManager, a script)",
    ),
    Code(
        "socket_missing",
        DATA,
        BROKEN,
        "{device} is up and has no IPv{family} socket on UDP port {dst_port}",
        "set {device} down and up again; see dmesg",
    ),
    Code(
        "not_connected",
        DATA,
        BROKEN,
        "no flow of datapath {datapath} leads {direction} {name}, and no ovs-vswitchd makes any",
        "connect it with the local port: ovs_datapath, option connect",
    ),
    Code(
        "flood_differs",
        DATA,
        BROKEN,
        "the flood list of {name} is not that of the members: {differences}",
        "run the task or role that declares it again; what else writes the FDB?",
    ),
    Code(
        "undeclared",
        DATA,
        WARNING,
        "{name} carries the mark of owner {owner} and is not declared",
        "run the task or role again with purge, or declare it",
    ),
    Code(
        "stale_device",
        DATA,
        WARNING,
        "no tunnel of the database uses {device}",
        "ovs-vswitchd removes it when it restarts; by hand: ip link del {device}",
    ),
    Code(
        "local_ip_missing",
        UNDERLAY,
        BROKEN,
        "local_ip {local_ip} is not an address of this host",
        "add it to the underlay device, or correct local_ip",
    ),
    Code(
        "remote_is_local",
        UNDERLAY,
        BROKEN,
        "remote {remote} is an address of this host itself",
        "correct the remote; two hosts may have been given the same endpoint",
    ),
    Code(
        "no_route",
        UNDERLAY,
        BROKEN,
        "there is no route to remote {remote}: {reason}",
        "add a route on the underlay, or bring its device up",
    ),
    Code(
        "route_loop",
        UNDERLAY,
        BROKEN,
        "the route to remote {remote} leads through the overlay itself",
        "add a more specific route to the remote through the underlay device",
    ),
    Code(
        "remote_unreachable",
        UNDERLAY,
        BROKEN,
        "remote {remote} is unreachable: {reason}",
        "see whether the peer is up and whether the underlay between the two carries packets",
    ),
    Code(
        "remote_silent",
        UNDERLAY,
        WARNING,
        "remote {remote} answers no ping on the underlay, although it has a route",
        "see whether the peer is up; where a firewall drops ICMP this means nothing",
    ),
    Code(
        "underlay_mtu",
        UNDERLAY,
        BROKEN,
        "the underlay to {remote} drops packets of {needed} bytes, which full packets of {inside} "
        "become; small ones pass",
        "raise the MTU of the underlay path, or lower that of {inside} to fit",
    ),
    Code(
        "mtu_too_large",
        DATA,
        BROKEN,
        "{inside} has MTU {mtu}, the way to {remote} carries {limit}",
        "set the MTU of {inside} to {limit} or less, or raise that of the underlay by {missing}",
    ),
    Code(
        "bfd_down",
        UNDERLAY,
        BROKEN,
        "BFD of {name} is {state}: {diagnostic}",
        "see whether the peer runs BFD on its end and whether UDP port {dst_port} reaches it in "
        "both directions (firewall)",
    ),
    Code(
        "overlay_mtu",
        UNDERLAY,
        BROKEN,
        "small packets reach {peer} over the overlay, those of {mtu} bytes do not",
        "raise the MTU of the underlay path, or lower that of the overlay",
    ),
    Code(
        "overlay_oversize",
        DATA,
        WARNING,
        "packets of {mtu} bytes reach {peer} although the MTU of the overlay is smaller",
        "set the MTU of the overlay's devices to what was planned: run the mesh playbook",
    ),
    Code(
        "overlay_loss",
        UNDERLAY,
        WARNING,
        "{loss} % of the full packets to {peer} were lost over the overlay",
        "see the error counters of both underlay devices and what is between them (ip -s link)",
    ),
    Code(
        "overlay_silent",
        UNDERLAY,
        BROKEN,
        "{peer} does not answer over the overlay, and neither host shows a problem",
        "capture on both underlay devices: a firewall may drop UDP port {dst_port}",
    ),
    Code(
        "networkmanager_manages",
        HOST,
        WARNING,
        "NetworkManager manages {device} and may set it down or change its MTU",
        "list it as unmanaged in /etc/NetworkManager/conf.d (role vtep does), then nmcli general "
        "reload",
    ),
    Code(
        "decap_errors",
        DATA,
        WARNING,
        "{device} has dropped {count} received packets as damaged",
        "see whether something on the way rewrites the outer header (ECN, TOS) or damages packets",
    ),
    Code(
        "checksum_errors",
        UNDERLAY,
        WARNING,
        "this host has dropped {count} UDP packets over IPv{family} for a wrong checksum",
        "try without checksum offload on the underlay devices: ethtool -K DEVICE tx off rx off; or "
        "csum: false",
    ),
)

CODES: dict[str, Code] = {entry.code: entry for entry in _TABLE}
RANK: dict[str, int] = {entry.code: number for number, entry in enumerate(_TABLE)}
