"""One way to break a host for every code: what is seen then, and what was declared."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.daemon import Vswitchd
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.model import (
    NUD_FAILED,
    Echo,
    Expected,
    Path,
    Route,
    Snapshot,
    Socket,
)
from tests.unit.kernel.builders import LOCAL, PEERS
from tests.unit.verdict.builders import (
    DECLARED_PORT,
    DEVICE,
    PORT,
    attributes,
    change,
    database,
    expect,
    kernel_host,
    kernel_seen,
    ovsdb_host,
    ovsdb_seen,
    tunnel,
    unlink,
)

Case = tuple[Snapshot, Expected]
FIRST = Path(PEERS[0], LOCAL)
DECLARED_TUNNEL = {"name": "vx1", "bridge": "br0", "remote_ip": PEERS[0], "key": 100}


def _plain(seen: Snapshot) -> Case:
    return seen, Expected()


def _around(seen: Snapshot, **fields: Any) -> Case:
    return _plain(replace(seen, around=replace(seen.around, **fields)))


def _routed(seen: Snapshot, route: Route) -> Case:
    return _around(seen, routes={**seen.around.routes, FIRST: route})


def _refused(text: str, *others: Any, made: Any = None, **options: str) -> Case:
    row = tunnel("vx9", PEERS[0], options=options, ofport=-1, error=f"could not add (… {text})")
    return _plain(ovsdb_seen(made, database(*others, row)))


def _oif(seen: Snapshot, name: str) -> int:
    return seen.devices[name].ifindex


def upcalls(missed: int, lost: int) -> Snapshot:
    """A host whose datapath of ovs-vswitchd has counted so many packets without a flow."""
    seen = ovsdb_seen()
    system = replace(seen.kernel.datapaths["ovs-system"], upcalls=(missed, lost))
    return replace(seen, kernel=replace(seen.kernel, datapaths={"ovs-system": system}))


def _v6() -> Case:
    made = kernel_host()
    attributes(made, PORT, local_ip="fd00::1")
    change(made, PORT, flood=frozenset(("fd00::2",)))
    path = Path("fd00::2", "fd00::1")
    seen = kernel_seen(made)
    around = replace(
        seen.around, routes={path: Route(errno.ENETUNREACH)}, ipv6_off=frozenset(("all", "eth0"))
    )
    return _plain(replace(seen, around=around))


def _held() -> Case:
    made = change(kernel_host(), PORT, up=False)
    made.external("flannel.1", alias="")
    return _plain(kernel_seen(made))


def _stale() -> Case:
    made = ovsdb_host()
    made.external("vxlan_sys_4790", alias="", attrs={"dst_port": 4790})
    made.link("ovs-system", "vxlan_sys_4790", 3)
    return _plain(ovsdb_seen(made))


def _bfd(**status: str) -> Case:
    row = tunnel("vx1", PEERS[0], columns={"bfd": {"enable": "true"}})
    return _plain(ovsdb_seen(data=database(row, bfd={"vx1": status})))


def _silent(**fields: bool) -> Case:
    return _around(kernel_seen(), echoes={FIRST: Echo(1500, **fields)})


FAULTS: dict[str, Callable[[], Case]] = {
    "module_missing": lambda: (Snapshot(openvswitch=False), expect(DECLARED_PORT)),
    "vswitchd_not_running": lambda: _plain(ovsdb_seen(daemon=Vswitchd())),
    "vswitchd_hung": lambda: _plain(ovsdb_seen(daemon=Vswitchd(411, "T"))),
    "upcalls_lost": lambda: _plain(upcalls(9, 9)),
    "database_unreachable": lambda: _plain(
        replace(ovsdb_seen(), database=None, reason="Connection refused")
    ),
    "ipv6_disabled": _v6,
    "duplicate_tunnel": lambda: _refused("File exists", tunnel("vx1", PEERS[0])),
    "udp_port_held": _held,
    "extensions_conflict": lambda: _refused(
        "can't be configured on the same dst_port", tunnel("vx1", PEERS[0]), exts="gbp"
    ),
    "tunnel_refused": lambda: _refused("Invalid argument"),
    "no_ofport": lambda: _plain(ovsdb_seen(data=database(tunnel("vx1", PEERS[0], ofport=None)))),
    "option_ignored": lambda: _plain(
        ovsdb_seen(data=database(tunnel("vx1", PEERS[0], options={"key": "banana"})))
    ),
    "tunnel_missing": lambda: (ovsdb_seen(), Expected(tunnels={"vx3": {"remote_ip": "192.0.2.9"}})),
    "tunnel_differs": lambda: (
        ovsdb_seen(),
        Expected(tunnels={"vx1": {**DECLARED_TUNNEL, "remote_ip": "192.0.2.9"}}),
    ),
    "port_missing": lambda: (kernel_seen(), expect({**DECLARED_PORT, "name": "vx200"})),
    "device_missing": lambda: _plain(ovsdb_seen(unlink(ovsdb_host(), DEVICE, keep=False))),
    "device_elsewhere": lambda: (kernel_seen(), expect({**DECLARED_PORT, "datapath": "lab1"})),
    "device_detached": lambda: _plain(ovsdb_seen(unlink(ovsdb_host(), DEVICE))),
    "device_differs": lambda: _plain(ovsdb_seen(attributes(ovsdb_host(), DEVICE, gbp=True))),
    "device_down": lambda: _plain(ovsdb_seen(change(ovsdb_host(), DEVICE, up=False))),
    "socket_missing": lambda: _plain(
        replace(kernel_seen(), kernel=replace(kernel_seen().kernel, udp=frozenset()))
    ),
    "not_connected": lambda: _plain(kernel_seen(_without_flows())),
    "flood_differs": lambda: (
        kernel_seen(),
        expect({**DECLARED_PORT, "remotes": [*PEERS, "192.0.2.9"]}),
    ),
    "undeclared": lambda: (kernel_seen(), expect(owner="default")),
    "stale_device": _stale,
    "local_ip_missing": lambda: _around(kernel_seen(), local=frozenset()),
    "remote_is_local": lambda: _routed(kernel_seen(), Route(oif=1, local=True)),
    "no_route": lambda: _routed(kernel_seen(), Route(errno.ENETUNREACH)),
    "route_loop": lambda: _routed(kernel_seen(), Route(oif=_oif(kernel_seen(), "lab0"))),
    "remote_unreachable": lambda: _around(
        kernel_seen(), neighbours={(_oif(kernel_seen(), "eth0"), PEERS[0]): NUD_FAILED}
    ),
    "remote_silent": lambda: _silent(),
    "underlay_mtu": lambda: _silent(small=True),
    "mtu_too_large": lambda: _plain(kernel_seen(change(kernel_host(), "lab0", mtu=1451))),
    "bfd_down": lambda: _bfd(state="down", diagnostic="No Diagnostic"),
    "networkmanager_manages": lambda: _around(
        ovsdb_seen(), managed=frozenset((_oif(ovsdb_seen(), DEVICE),))
    ),
    "decap_errors": lambda: _plain(
        kernel_seen(change(kernel_host(), PORT, statistics={"rx_errors": 3}))
    ),
    "checksum_errors": lambda: _around(kernel_seen(), checksum_errors={4: 2}),
}


def _without_flows() -> Any:
    made = kernel_host()
    made.datapaths["lab0"] = replace(made.datapaths["lab0"], flows=())
    return made


HOLDER = Socket(4, 4789, "0.0.0.0", "process nc (pid 77)")
