"""Faults of tunnels of ovs-vswitchd and of their shared kernel devices."""

from __future__ import annotations

from tests.integration.info.fault import OVSDB, Fault, Group
from tests.integration.info.faults_kernel import hold, release, remote
from tests.integration.info.mesh import BRIDGE, OWNER, Mesh

VSCTL = "ovs-vsctl --timeout=30"
V4 = "198.18.0.12"


def _tunnel(mesh: Mesh, name: str, key: int, **options: object) -> dict[str, object]:
    base = {key: value for key, value in mesh.tunnels[0][0].items() if key != "bfd"}
    return {**base, "name": name, "key": str(key), **options}


def _row(name: str, *options: str) -> str:
    words = " ".join(f"options:{option}" for option in options)
    return f" -- add-port {BRIDGE} {name} -- set interface {name} type=vxlan {words}"


def _rows(mesh: Mesh) -> None:
    mesh.extra_tunnels = [_tunnel(mesh, "rmissing", 801), _tunnel(mesh, "rdiffers", 802)]


ADD = (
    f"{hold(4799)}\n{VSCTL} --no-wait -- del-port {BRIDGE} rmissing "
    "-- set interface rdiffers options:key=803"
    + _row("rtwin", f"remote_ip={V4}", "local_ip=198.18.0.11", "key=700")
    + _row("rheld", f"remote_ip={V4}", "dst_port=4799")
    + _row("rgbp", f"remote_ip={V4}", "key=9", "exts=gbp")
    + _row("rname", "remote_ip=some.host.name")
    + _row("rbanana", f"remote_ip={V4}", "key=banana")
    + " -- add-br odd -- set bridge odd datapath_type=nonsense -- add-port odd rodd "
    f"-- set interface rodd type=vxlan options:remote_ip={V4}"
)
REMOVE = f"{release(4799)}; {VSCTL} -- del-br odd" + "".join(
    f" -- del-port {BRIDGE} {name}" for name in ("rtwin", "rheld", "rgbp", "rname", "rbanana")
)

ROWS = Group(
    "rows",
    OVSDB,
    (
        Fault("tunnel_missing", "rmissing", ADD, REMOVE),
        Fault("tunnel_differs", "rdiffers"),
        Fault("duplicate_tunnel", "rtwin", culprit="vx12"),
        Fault("udp_port_held", "rheld", culprit="python3"),
        Fault("extensions_conflict", "rgbp", culprit="port "),
        Fault("tunnel_refused", "rname"),
        Fault("option_ignored", "rbanana"),
        Fault("no_ofport", "rodd"),
    ),
    prepare=_rows,
)


def _device(port: int) -> str:
    return f"vxlan_sys_{port}"


def _anew(port: int) -> str:
    """Replace a device by one that ovs-vswitchd did not make; what it made it would clear away."""
    return (
        f"ip link del {_device(port)}; "
        f"ip link add {_device(port)} type vxlan external dstport {port}"
    )


def _devices(mesh: Mesh) -> None:
    """A tunnel to a kernel device of its own for each fault of a device, others for each route."""
    mesh.hosts[1].sh(
        "".join(f"ip address replace {remote(last)}/24 dev eth1; " for last in (116, 117, 118))
    )
    names = ["dmissing", "ddown", "dforeign", "dgbp", "ddetached", "denslaved", "dheld"]
    mesh.extra_tunnels = [
        *(_tunnel(mesh, name, 810, dst_port=4801 + n) for n, name in enumerate(names)),
        *(
            _tunnel(mesh, name, 811, remote_ip=remote(last))
            for name, last in (("wlocal", 116), ("wloop", 117), ("wmtu", 118))
        ),
    ]


DEVICES = Group(
    "devices",
    OVSDB,
    (
        Fault(
            "bfd_down",
            "vx12",
            peer=f"{VSCTL} set interface vx11 bfd:enable=false",
            peer_undo=f"{VSCTL} set interface vx11 bfd:enable=true",
            culprit=V4,
            remotes=(V4,),
        ),
        Fault("device_missing", "dmissing", f"ip link del {_device(4801)}", culprit=_device(4801)),
        Fault("device_down", "ddown", f"ip link set {_device(4802)} down", culprit=_device(4802)),
        Fault(
            "device_differs",
            "dforeign",
            f"ip link del {_device(4803)}; ip link add {_device(4803)} type vxlan id 9 dstport "
            f"4803; ip link set {_device(4803)} up",
            culprit=_device(4803),
        ),
        Fault(
            "device_differs",
            "dgbp",
            f"ip link del {_device(4804)}; ip link add {_device(4804)} type vxlan external gbp "
            f"dstport 4804; ip link set {_device(4804)} up",
            culprit=_device(4804),
        ),
        Fault(
            "device_detached",
            "ddetached",
            f"{_anew(4805)}; ip link set {_device(4805)} up",
            culprit=_device(4805),
        ),
        Fault(
            "device_elsewhere",
            "denslaved",
            f"{_anew(4806)}; ip link set {_device(4806)} up; ip link add name br9 type bridge; "
            f"ip link set {_device(4806)} master br9",
            f"ip link set {_device(4806)} nomaster; ip link del br9",
            culprit="br9 (bridge)",
            also=frozenset(("device_detached",)),
        ),
        Fault(
            "udp_port_held",
            "dheld",
            f"ip link set {_device(4807)} down; {hold(4807)}",
            release(4807),
            culprit="python3",
            also=frozenset(("device_down",)),
        ),
        Fault(
            "stale_device",
            _device(4808),
            f"ip link add {_device(4808)} type vxlan external dstport 4808",
            f"ip link del {_device(4808)}",
        ),
        Fault(
            "remote_is_local",
            "wlocal",
            f"ip address add {remote(116)}/32 dev lo",
            f"ip address del {remote(116)}/32 dev lo",
            culprit=remote(116),
            remotes=(remote(116),),
        ),
        Fault(
            "route_loop",
            "wloop",
            f"ip route add {remote(117)} dev {BRIDGE}",
            f"ip route del {remote(117)}",
            culprit=BRIDGE,
            remotes=(remote(117),),
        ),
        Fault(
            "mtu_too_large",
            "wmtu",
            f"ip route add {remote(118)} dev eth1 mtu 1300",
            f"ip route del {remote(118)}",
            culprit=BRIDGE,
            remotes=(remote(118),),
        ),
    ),
    prepare=_devices,
    clean_peer="".join(f"ip address del {remote(n)}/24 dev eth1; " for n in (116, 117, 118)),
)

UNDECLARED = Group(
    "undeclared-row",
    OVSDB,
    (
        Fault(
            "undeclared",
            "rextra",
            VSCTL
            + _row("rextra", f"remote_ip={V4}", "key=9")
            + f" external_ids:tunnelmesh-owner={OWNER}",
            f"{VSCTL} del-port {BRIDGE} rextra",
        ),
    ),
    look={"owner": OWNER},
    declared=False,
)

GROUPS = (ROWS, DEVICES, UNDECLARED)
