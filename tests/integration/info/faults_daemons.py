"""Faults of ovs-vswitchd and of its database; every tunnel suffers."""

from __future__ import annotations

from tests.integration.info.fault import OVSDB, Fault, Group
from tests.integration.info.faults_ovsdb import VSCTL
from tests.integration.info.mesh import BRIDGE

PID = "$(cat /run/openvswitch/ovs-vswitchd.pid)"

# It hangs, and every tunnel with it; the second time somebody has written to the database.
_EVERY = ("host", "vx12", "vx13", "vy12", "vy13")
HUNG = Group(
    "hung",
    OVSDB,
    (
        Fault("vswitchd_hung", "host", f"kill -STOP {PID}", f"kill -CONT {PID}", culprit="stopped"),
        *(Fault("vswitchd_hung", name, culprit="stopped") for name in _EVERY[1:]),
    ),
    declared=False,
)
BEHIND = Group(
    "behind",
    OVSDB,
    (
        Fault(
            "vswitchd_hung",
            "host",
            f"kill -STOP {PID}; {VSCTL} --no-wait set bridge {BRIDGE} external_ids:x=1; "
            f"! ovs-vsctl --timeout=1 set bridge {BRIDGE} external_ids:x=2",
            f"kill -CONT {PID}; {VSCTL} remove bridge {BRIDGE} external_ids x",
            culprit="stopped",
        ),
        *(Fault("vswitchd_hung", name, culprit="stopped") for name in _EVERY[1:]),
    ),
    declared=False,
)
KILLED = Group(
    "killed",
    OVSDB,
    tuple(
        Fault(
            "vswitchd_not_running",
            name,
            "systemctl kill -s KILL ovs-vswitchd; systemctl stop ovs-vswitchd" * (name == "host"),
            "systemctl start openvswitch-switch" * (name == "host"),
        )
        for name in _EVERY
    ),
    declared=False,
)
# What a vswitchd that counted no processor leaves a new datapath with: dispatch per processor
# (OVS_DP_ATTR_USER_FEATURES) to a list of no sockets (OVS_DP_ATTR_PER_CPU_PIDS). No packet may
# come before that, so the underlay is down and the new devices have no IPv6.
DEAF = f"""
sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.eth1.keep_addr_on_down=1
ip link set eth1 down
systemctl stop ovs-vswitchd; ovs-dpctl del-dp ovs-system; systemctl start ovs-vswitchd
{VSCTL} set bridge {BRIDGE} external_ids:x=1
python3 - << 'EOF'
from pyroute2.netlink import NLM_F_ACK, NLM_F_REQUEST, genlmsg
from pyroute2.netlink.generic import GenericNetlinkSocket
import socket
class message(genlmsg):
    fields = (("cmd", "B"), ("version", "B"), ("reserved", "H"), ("dpifindex", "i"))
    nla_map = tuple((f"A{{n}}", "cdata") for n in range(9))
datapaths = GenericNetlinkSocket()
datapaths.bind("ovs_datapath", message)
change = message()
change.update(cmd=4, version=2, dpifindex=socket.if_nametoindex("ovs-system"))
change["attrs"] = [("A5", (1 | 2 | 8).to_bytes(4, "little")), ("A8", bytes(4))]
datapaths.nlm_request(change, datapaths.prid, NLM_F_REQUEST | NLM_F_ACK)
EOF
ip link set eth1 up
"""
HEAR = f"""
sysctl -qw net.ipv6.conf.default.disable_ipv6=0
systemctl restart ovs-vswitchd; {VSCTL} remove bridge {BRIDGE} external_ids x
"""
DEAF_GROUP = Group(
    "deaf",
    OVSDB,
    tuple(
        Fault(
            "upcalls_lost",
            name,
            DEAF * (name == "host"),
            HEAR * (name == "host"),
            culprit="ovs-system",
            also=frozenset(("bfd_down",)),
        )
        for name in _EVERY
    ),
)
DATABASE = Group(
    "database",
    OVSDB,
    (
        Fault(
            "database_unreachable",
            "host",
            "mv /run/openvswitch/db.sock /run/openvswitch/away",
            "mv /run/openvswitch/away /run/openvswitch/db.sock",
        ),
    ),
    declared=False,
)

GROUPS = (HUNG, BEHIND, KILLED, DEAF_GROUP, DATABASE)
