"""Ways to break a mesh on a real kernel: what is done to the first host, how it is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.info.mesh import BRIDGE, DATAPATH, OWNER, Mesh, must
from tests.integration.info.packets import bad_checksum, congested

KERNEL, OVSDB = "kernel", "ovsdb"
DEVICE = "vxlan_sys_4789"
PID = "$(cat /run/openvswitch/ovs-vswitchd.pid)"
Act = Callable[[Mesh], Any]


def sh(script: str) -> Act:
    """Run a script on the first host."""
    return lambda mesh: mesh.first.sh(script)


def peer(script: str) -> Act:
    """Run a script on the second host."""
    return lambda mesh: mesh.hosts[1].sh(script)


def both(first: Act, second: Act) -> Act:
    """Do one thing after the other."""

    def act(mesh: Mesh) -> None:
        first(mesh)
        second(mesh)

    return act


def nothing(_mesh: Mesh) -> None:
    """There is nothing to undo, or nothing to break."""


def again(mesh: Mesh) -> None:
    """Bring the first host back to what is declared, as a user would: by running it again."""
    if mesh.ports:
        must(mesh.first, "ovs_vxlan_port", owner=OWNER, ports=mesh.ports[0], purge=True)
        mesh.connect(mesh.first)
    else:
        mesh.make_ovsdb(0, mesh.first)


@dataclass(frozen=True)
class Fault:
    """One fault.

    :param code: what it has to be recognised as, before everything else.
    :param culprit: what the culprit has to name.
    :param also: codes that come with it, as symptoms.
    """

    code: str
    backend: str
    cause: Act
    cure: Act = again
    culprit: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    name: str = ""

    @property
    def title(self) -> str:
        """Name of the test."""
        return self.name or f"{self.code}-{self.backend}"


def _detach(mesh: Mesh) -> None:
    ports = [{**port, "state": "detached"} for port in mesh.ports[0]]
    must(mesh.first, "ovs_vxlan_port", owner=OWNER, ports=ports)


def _enslave(mesh: Mesh) -> None:
    _detach(mesh)
    mesh.first.sh("ip link add br9 type bridge && ip link set vx4 master br9")


def _free(mesh: Mesh) -> None:
    mesh.first.sh("ip link set vx4 nomaster; ip link del br9")
    again(mesh)


def _other_port(mesh: Mesh) -> None:
    ports = [{**mesh.ports[0][0], "dst_port": 4795}]
    must(mesh.first, "ovs_vxlan_port", owner=OWNER, ports=ports)


def tunnel(name: str, *options: str) -> str:
    """A further tunnel on the bridge, made behind the module's back."""
    return (
        f"ovs-vsctl --timeout=20 add-port {BRIDGE} {name} -- set interface {name} type=vxlan "
        + (" ".join(f"options:{option}" for option in options))
    )


def without(name: str) -> Act:
    """Remove a further tunnel."""
    return sh(f"ovs-vsctl --timeout=20 del-port {BRIDGE} {name}")


def row(code: str, *options: str, **fields: Any) -> Fault:
    """A further tunnel vx9 with these options."""
    return Fault(code, OVSDB, sh(tunnel("vx9", *options)), without("vx9"), **fields)


HOLD = (
    "nohup python3 -c 'import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    's.bind(("127.0.0.1", 4799)); time.sleep(600)\' >/dev/null 2>&1 & echo $! >/run/hold.pid; '
    "until grep -q ':12BF ' /proc/net/udp; do sleep 0.05; done; "
)
NO_PINGS = "net.ipv4.icmp_echo_ignore_all"
DROP_LARGE = (
    "tc qdisc add dev eth1 ingress; tc filter add dev eth1 parent ffff: protocol ip u32 "
    "match u16 0x0400 0x0400 at 2 action drop"  # IP packets of 1024 to 2047 bytes
)
V4 = "198.18.0.12"

NO_BFD = frozenset(["bfd_down"])

FAULTS = (
    # -- management plane
    Fault("vswitchd_hung", OVSDB, sh(f"kill -STOP {PID}"), sh(f"kill -CONT {PID}"), "is stopped"),
    Fault(
        "vswitchd_hung",
        OVSDB,
        sh(f"kill -STOP {PID}; ovs-vsctl --timeout=2 set bridge {BRIDGE} external_ids:x=1 || true"),
        sh(f"kill -CONT {PID}; ovs-vsctl --timeout=60 remove bridge {BRIDGE} external_ids x"),
        "is stopped",
        name="vswitchd_hung-database_moves",
    ),
    Fault(
        "vswitchd_not_running",
        OVSDB,
        sh("systemctl kill -s KILL ovs-vswitchd; systemctl stop ovs-vswitchd"),
        sh("systemctl start openvswitch-switch"),
    ),
    Fault(
        "database_unreachable",
        OVSDB,
        sh("mv /run/openvswitch/db.sock /run/openvswitch/away"),
        sh("mv /run/openvswitch/away /run/openvswitch/db.sock"),
    ),
    row("duplicate_tunnel", f"remote_ip={V4}", "local_ip=198.18.0.11", "key=700", culprit="vx12"),
    Fault(
        "udp_port_held",
        OVSDB,
        sh(HOLD + tunnel("vx9", f"remote_ip={V4}", "dst_port=4799")),
        sh(f"kill $(cat /run/hold.pid); ovs-vsctl --timeout=20 del-port {BRIDGE} vx9"),
        "python3",
    ),
    row("extensions_conflict", f"remote_ip={V4}", "key=9", "exts=gbp", culprit="vx1"),
    row("tunnel_refused", "remote_ip=some.host.name"),
    row("option_ignored", f"remote_ip={V4}", "key=banana"),
    Fault(
        "no_ofport",
        OVSDB,
        sh(
            "ovs-vsctl --timeout=20 --no-wait add-br odd -- set bridge odd datapath_type=nonsense "
            f"-- add-port odd vx9 -- set interface vx9 type=vxlan options:remote_ip={V4}"
        ),
        sh("ovs-vsctl --timeout=20 del-br odd"),
    ),
    Fault("tunnel_missing", OVSDB, without("vx12")),
    Fault(
        "tunnel_differs",
        OVSDB,
        sh("ovs-vsctl --timeout=20 set interface vx12 options:key=701"),
        also=NO_BFD,
    ),
    row(
        "undeclared",
        f"remote_ip={V4}",
        "key=9 external_ids:tunnelmesh-owner=" + OWNER,
        options={"owner": OWNER},
    ),
    # -- data plane
    Fault("device_missing", OVSDB, sh(f"ip link del {DEVICE}"), culprit=DEVICE, also=NO_BFD),
    Fault("device_down", OVSDB, sh(f"ip link set {DEVICE} down"), culprit=DEVICE, also=NO_BFD),
    Fault(
        "device_differs",
        OVSDB,
        sh(
            f"ip link del {DEVICE}; ip link add {DEVICE} type vxlan id 9 dstport 4789; "
            f"ip link set {DEVICE} up"
        ),
        culprit=DEVICE,
        also=NO_BFD,
    ),
    Fault(
        "stale_device",
        OVSDB,
        sh("ip link add vxlan_sys_4800 type vxlan external dstport 4800"),
        sh("ip link del vxlan_sys_4800"),
    ),
    Fault("port_missing", KERNEL, sh("ip link del vx4")),
    Fault("device_detached", KERNEL, _detach, culprit="vx4"),
    Fault(
        "device_elsewhere",
        KERNEL,
        _enslave,
        _free,
        "br9 (bridge)",
        also=frozenset(["device_detached"]),
    ),
    Fault("device_differs", KERNEL, _other_port, culprit="vx4"),
    Fault("device_down", KERNEL, sh("ip link set vx4 down"), culprit="vx4"),
    Fault(
        "udp_port_held",
        KERNEL,
        sh(
            "ip link set vx4 down; ip link set vx6 down; ip link add flannel.1 type vxlan external "
            "dstport 4789; ip link set flannel.1 up"
        ),
        both(sh("ip link del flannel.1"), again),
        "flannel.1",
        also=frozenset(["device_down"]),
    ),
    Fault("not_connected", KERNEL, sh(f"ovs-dpctl del-flows {DATAPATH}"), culprit=DATAPATH),
    Fault(
        "flood_differs",
        KERNEL,
        sh("bridge fdb del 00:00:00:00:00:00 dev vx4 dst 198.18.0.13"),
    ),
    Fault(
        "flood_differs",
        KERNEL,
        sh("bridge fdb append 00:00:00:00:00:00 dev vx4 dst 198.18.0.99"),
        name="flood_differs-superfluous",
    ),
    Fault(
        "mtu_too_large",
        KERNEL,
        sh(f"ip link set {DATAPATH} mtu 1500"),
        sh(f"ip link set {DATAPATH} mtu 1430"),
        DATAPATH,
    ),
    Fault(
        "mtu_too_large",
        OVSDB,
        sh(f"ovs-vsctl --timeout=20 set interface {BRIDGE} mtu_request=1451"),
        culprit=BRIDGE,
    ),
    Fault("decap_errors", KERNEL, congested, nothing, "vx4"),
    # -- host
    Fault(
        "ipv6_disabled",
        KERNEL,
        sh("sysctl -q net.ipv6.conf.eth1.disable_ipv6=1"),
        lambda mesh: sh(
            "sysctl -q net.ipv6.conf.eth1.disable_ipv6=0; "
            "ip -6 address replace fd00:198:18::11/64 dev eth1 nodad"
        )(mesh),
        "eth1.disable_ipv6",
        also=frozenset(["local_ip_missing"]),
    ),
    # -- underlay
    Fault(
        "local_ip_missing",
        KERNEL,
        sh("ip address del 198.18.0.11/24 dev eth1"),
        sh("ip address add 198.18.0.11/24 dev eth1"),
        "198.18.0.11",
        also=frozenset(["no_route"]),
    ),
    Fault(
        "remote_is_local",
        OVSDB,
        sh(f"ip address add {V4}/32 dev lo"),
        sh(f"ip address del {V4}/32 dev lo"),
        V4,
        also=NO_BFD,
    ),
    Fault(
        "no_route",
        KERNEL,
        sh(f"ip route add unreachable {V4}"),
        sh(f"ip route del unreachable {V4}"),
    ),
    Fault(
        "route_loop",
        OVSDB,
        sh(f"ip route add {V4} dev {BRIDGE}"),
        sh(f"ip route del {V4}"),
        BRIDGE,
        also=NO_BFD,
    ),
    Fault(
        "remote_unreachable",
        KERNEL,
        both(
            lambda mesh: mesh.first.lab.link("vtep2", "down"),
            sh("ip neigh flush dev eth1; ping -c 1 -W 1 198.19.104.12 || true"),
        ),
        lambda mesh: mesh.first.lab.link("vtep2", "up"),
        V4,
    ),
    Fault(
        "remote_silent",
        KERNEL,
        peer(f"sysctl -q {NO_PINGS}=1"),
        peer(f"sysctl -q {NO_PINGS}=0"),
        V4,
        options={"probe": "all"},
    ),
    Fault(
        "underlay_mtu",
        KERNEL,
        peer(DROP_LARGE),
        peer("tc qdisc del dev eth1 ingress"),
        V4,
        options={"probe": "all"},
    ),
    Fault(
        "bfd_down",
        OVSDB,
        peer("ovs-vsctl --timeout=20 set interface vx11 bfd:enable=false"),
        peer("ovs-vsctl --timeout=20 set interface vx11 bfd:enable=true"),
        V4,
    ),
    Fault("checksum_errors", KERNEL, bad_checksum, nothing),
)
