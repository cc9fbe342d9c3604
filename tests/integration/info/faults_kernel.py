"""Faults of ports of a bare kernel datapath."""

from __future__ import annotations

from tests.integration.info.fault import KERNEL, Fault, Group
from tests.integration.info.mesh import DATAPATH, OWNER, Mesh
from tests.integration.info.packets import damaged

# A process that holds a UDP port, as flannel or a forgotten tool would.
HOLD = (
    "setsid nohup python3 -c 'import socket, time; "
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    's.bind(("127.0.0.1", {port})); time.sleep(900)\' </dev/null >/dev/null 2>&1 & '
    "echo $! >/run/hold.{port}; until grep -q ':{port:04X} ' /proc/net/udp; do sleep 0.05; done"
)
RELEASE = "kill $(cat /run/hold.{port})"

NAMES = "kmissing kdetached kenslaved kother kdiffers kdown kheld kheldby kshort klong kalso ksound"
UNDER, REMOTES, SECOND = "dp-under", range(112, 120), "198.18.0.111"
WITHOUT_CARRIER = "ip link add name nocarrier type bridge; ip link set nocarrier up; "


def hold(port: int) -> str:
    """Hold a UDP port."""
    return HOLD.format(port=port)


def release(port: int) -> str:
    """Let go of it."""
    return RELEASE.format(port=port)


def remote(last: int) -> str:
    """A further address of the second host."""
    return f"198.18.0.{last}"


def _ports(mesh: Mesh) -> None:
    """A dozen ports, wired in pairs: no fault of one is a fault of another."""
    mesh.first.sh(f"ip address replace {SECOND}/24 dev eth1")
    names = NAMES.split()
    own_port = {"kheld": 4796, "kheldby": 4797}
    mesh.extra_ports = [
        {
            **mesh.ports[0][0],
            "name": name,
            "vni": 620 + number,
            "dst_port": own_port.get(name, 4789),
        }
        for number, name in enumerate(names)
    ]
    mesh.extra_pairs = {
        DATAPATH: [list(pair) for pair in zip(names[::2], names[1::2], strict=True)]
    }


def _detach(name: str) -> str:
    return f"ovs-dpctl del-if {DATAPATH} {name}"


PORTS = Group(
    "ports",
    KERNEL,
    (
        Fault("port_missing", "kmissing", "ip link del kmissing"),
        Fault("device_detached", "kdetached", _detach("kdetached"), culprit="kdetached"),
        Fault(
            "device_elsewhere",
            "kenslaved",
            f"{_detach('kenslaved')}; ip link add name br9 type bridge; "
            "ip link set kenslaved master br9",
            "ip link set kenslaved nomaster; ip link del br9",
            culprit="br9 (bridge)",
            also=frozenset(("device_detached",)),
        ),
        Fault(
            "device_elsewhere",
            "kother",
            f"{_detach('kother')}; ovs-dpctl add-dp dp-other; ovs-dpctl add-if dp-other kother",
            "ovs-dpctl del-dp dp-other",
            culprit="datapath dp-other",
        ),
        Fault(
            "device_differs",
            "kdiffers",
            f"ip link set kdiffers type vxlan id 624 local {SECOND}",
            culprit="kdiffers",
        ),
        Fault("device_down", "kdown", "ip link set kdown down", culprit="kdown"),
        Fault(
            "udp_port_held",
            "kheld",
            "ip link set kheld down; ip link add flannel.1 type vxlan external dstport 4796; "
            "ip link set flannel.1 up",
            "ip link del flannel.1",
            culprit="flannel.1",
            also=frozenset(("device_down",)),
        ),
        Fault(
            "udp_port_held",
            "kheldby",
            f"ip link set kheldby down; {hold(4797)}",
            release(4797),
            culprit="python3",
            also=frozenset(("device_down",)),
        ),
        Fault(
            "flood_differs",
            "kshort",
            "bridge fdb del 00:00:00:00:00:00 dev kshort dst 198.18.0.13",
            remotes=("198.18.0.13",),
        ),
        Fault(
            "flood_differs",
            "klong",
            "bridge fdb append 00:00:00:00:00:00 dev klong dst 198.18.0.99",
        ),
    ),
    prepare=_ports,
    clean=f"ip address del {SECOND}/24 dev eth1",
)


def _under(mesh: Mesh) -> None:
    """A port whose every remote gets into trouble of its own, and one with a source of its own."""
    mesh.first.sh(
        f"ip address replace {SECOND}/24 dev eth1; ovs-dpctl add-dp {UNDER}; "
        f"ip link set {UNDER} alias 'tunnelmesh.ovs owner={OWNER}'; ovs-dpctl add-if {UNDER} "
        f"aux1,type=internal; ip link set aux1 mtu 1400 up; ip link set {UNDER} mtu 1400 up; "
        f"ip address replace 198.19.106.11/24 dev {UNDER}"
    )
    mesh.hosts[1].sh(
        "".join(f"ip address replace {remote(last)}/24 dev eth1; " for last in REMOTES)
    )
    common = {**mesh.ports[0][0], "datapath": UNDER}
    remotes = [remote(last) for last in REMOTES]
    mesh.extra_ports = [
        {**common, "name": "ufar", "vni": 640, "remotes": remotes},
        {**common, "name": "unear", "vni": 641, "local_ip": SECOND},
    ]
    mesh.extra_pairs = {UNDER: [[UNDER, "ufar"], ["aux1", "unear"]]}


DROP = (
    "tc qdisc add dev eth1 ingress; tc filter add dev eth1 parent ffff: protocol ip u32 "
    f"match ip dst {remote(112)}/32 match ip protocol 1 0xff action drop; "
    "tc filter add dev eth1 parent ffff: protocol ip u32 "  # IP packets of 1024 to 2047 bytes
    f"match ip dst {remote(113)}/32 match u16 0x0400 0x0400 at 2 action drop"
)

UNDERLAY = Group(
    "underlay",
    KERNEL,
    (
        Fault(
            "remote_silent",
            "ufar",
            peer=DROP,
            peer_undo="tc qdisc del dev eth1 ingress",
            culprit=remote(112),
            remotes=(remote(112),),
        ),
        Fault("underlay_mtu", "ufar", culprit=remote(113), remotes=(remote(113),)),
        Fault(
            "remote_unreachable",
            "ufar",
            f"ip neigh flush dev eth1; {WITHOUT_CARRIER} ip route add {remote(119)} dev nocarrier",
            "ip link del nocarrier",
            peer=f"ip address del {remote(114)}/24 dev eth1",
            peer_undo=f"ip address replace {remote(114)}/24 dev eth1",
            remotes=(remote(114), remote(119)),
        ),
        Fault(
            "no_route",
            "ufar",
            f"ip route add unreachable {remote(115)}",
            f"ip route del unreachable {remote(115)}",
            remotes=(remote(115),),
        ),
        Fault(
            "remote_is_local",
            "ufar",
            f"ip address add {remote(116)}/32 dev lo",
            f"ip address del {remote(116)}/32 dev lo",
            culprit=remote(116),
            remotes=(remote(116),),
        ),
        Fault(
            "route_loop",
            "ufar",
            f"ip route add {remote(117)} dev {UNDER}",
            f"ip route del {remote(117)}",
            culprit=UNDER,
            remotes=(remote(117),),
        ),
        Fault(
            "mtu_too_large",
            "ufar",
            f"ip route add {remote(118)} dev eth1 mtu 1300",
            f"ip route del {remote(118)}",
            culprit=UNDER,
            remotes=(remote(118),),
        ),
        Fault(
            "local_ip_missing",
            "unear",
            f"ip address del {SECOND}/24 dev eth1",
            f"ip address add {SECOND}/24 dev eth1",
            culprit=SECOND,
        ),
    ),
    prepare=_under,
    clean=f"ip address del {SECOND}/24 dev eth1; ovs-dpctl del-dp {UNDER}",
    clean_peer="".join(f"ip address del {remote(last)}/24 dev eth1; " for last in REMOTES),
    look={"probe": "all"},
)

MANAGED = (
    "mkdir -p /run/NetworkManager/devices; "
    "printf '[device]\\nmanaged=true\\n' >/run/NetworkManager/devices/$(cat "
    "/sys/class/net/vx4/ifindex); cp /bin/sleep /run/NetworkManager/NetworkManager; "
    "setsid nohup /run/NetworkManager/NetworkManager 900 </dev/null >/dev/null 2>&1 & "
    "echo $! >/run/manager.pid; until grep -q NetworkM /proc/$(cat /run/manager.pid)/comm; "
    "do sleep 0.05; done"
)

HOST = Group(
    "host",
    KERNEL,
    (
        Fault("checksum_errors", "host"),
        Fault("decap_errors", "vx4", culprit="vx4"),
        Fault("not_connected", "vx4", f"ovs-dpctl del-flows {DATAPATH}", culprit=DATAPATH),
        Fault("not_connected", "vx6", culprit=DATAPATH),
        Fault(
            "mtu_too_large",
            "vx4",
            f"ip link set {DATAPATH} mtu 1500",
            f"ip link set {DATAPATH} mtu 1430",
            culprit=DATAPATH,
            remotes=("198.18.0.12", "198.18.0.13"),
        ),
        # A stand-in: its state files and its process name, not NetworkManager itself.
        Fault(
            "networkmanager_manages",
            "vx4",
            MANAGED,
            "kill $(cat /run/manager.pid); rm -r /run/NetworkManager",
            culprit="vx4",
        ),
        Fault(
            "ipv6_disabled",
            "vx6",
            "sysctl -q net.ipv6.conf.eth1.disable_ipv6=1",
            "sysctl -q net.ipv6.conf.eth1.disable_ipv6=0; "
            "ip -6 address replace fd00:198:18::11/64 dev eth1 nodad",
            culprit="eth1.disable_ipv6",
            also=frozenset(("local_ip_missing",)),
        ),
    ),
    before=damaged,
)

UNDECLARED = Group(
    "undeclared",
    KERNEL,
    (
        Fault(
            "undeclared",
            "vx9",
            f"ip link add vx9 type vxlan id 9 dstport 4789 local 198.18.0.11; ip link set vx9 "
            f"alias 'tunnelmesh.ovs owner={OWNER}' up; ovs-dpctl add-if {DATAPATH} vx9",
            also=frozenset(("not_connected",)),
        ),
    ),
    look={"owner": OWNER},
)
MODULE = Group(
    "module",
    KERNEL,
    (
        Fault(
            "module_missing",
            "host",
            f"systemctl stop openvswitch-switch; ovs-dpctl del-dp {DATAPATH}; "
            "modprobe -r vport_vxlan openvswitch",
            "modprobe openvswitch; systemctl start openvswitch-switch",
        ),
    ),
)

GROUPS = (PORTS, UNDERLAY, HOST, UNDECLARED, MODULE)
