"""Hosts in good order, one of each backend, to be spoiled by the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.ownership import EXTERNAL_ID_OWNER
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.model import Flow, Link
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import model as rows
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.daemon import Vswitchd
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.judge import judge
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.model import (
    Database,
    Expected,
    Path,
    Route,
    Snapshot,
    Surroundings,
)
from tests.unit.kernel.builders import LOCAL, PEERS, Host, host

COLUMNS: dict[str, Any] = {
    "options": {},
    "bfd": {},
    "mac": None,
    "ofport_request": None,
    "tag": None,
    "trunks": frozenset(),
    "vlan_mode": None,
    "protected": True,
}
PORT = "vx100"
DEVICE = "vxlan_sys_4789"
DECLARED_PORT = {
    "name": PORT,
    "datapath": "lab0",
    "vni": 100,
    "dst_port": 4789,
    "local_ip": LOCAL,
    "remotes": list(PEERS),
}


def around(made: Host, *paths: Path, **fields: Any) -> Surroundings:
    """Every path leads out of eth0 to a neighbour that answers."""
    out = Route(oif=made.ifindex("eth0"))
    return Surroundings(routes=dict.fromkeys(paths, out), local=frozenset((LOCAL,)), **fields)


def kernel_host() -> Host:
    """A datapath with one VXLAN port, cross-connected."""
    made = host()
    made.links[made.ifindex("lab0")] = replace(made.links[made.ifindex("lab0")], mtu=1450)
    made.addresses[made.ifindex("lab0")] = ("198.51.100.1/24",)
    made.vxlan(PORT, "lab0")
    for a, b in ((0, 1), (1, 0)):
        made.flow("lab0", Flow(a, b, b"tunnelmesh"))
    made.udp.add((4, 4789))
    return made


def kernel_seen(made: Host | None = None, **fields: Any) -> Snapshot:
    """A host of backend kernel."""
    made = made or kernel_host()
    fields.setdefault("around", around(made, *(Path(peer, LOCAL) for peer in PEERS)))
    return Snapshot(kernel=made.observed(), **fields)


def ovsdb_host() -> Host:
    """The datapath of ovs-vswitchd with its shared device, and a bridge's local port."""
    made = Host()
    made.device("eth0", f"{LOCAL}/24")
    made.datapath("ovs-system", alias="")
    made.links[made.ifindex("ovs-system")] = replace(
        made.links[made.ifindex("ovs-system")], up=False
    )
    made.internal("ovs-system", "br0", 1)
    made.links[made.ifindex("br0")] = replace(made.links[made.ifindex("br0")], mtu=1450)
    made.addresses[made.ifindex("br0")] = ("198.51.100.1/24",)
    made.external(DEVICE, alias="")
    made.link("ovs-system", DEVICE, 2)
    made.udp |= {(4, 4789), (6, 4789)}
    made.vswitchd = True
    return made


def tunnel(name: str, remote: str, **fields: Any) -> rows.Tunnel:
    """A tunnel on br0; ``options`` and ``columns`` are merged in."""
    options = {"remote_ip": remote, "local_ip": LOCAL, "key": "100", **fields.pop("options", {})}
    columns = {**COLUMNS, "options": options, **fields.pop("columns", {})}
    ids = {EXTERNAL_ID_OWNER: "default"}
    return rows.Tunnel(name, "br0", columns, ids, ofport=fields.pop("ofport", 1), **fields)


def database(*tunnels: rows.Tunnel, **fields: Any) -> Database:
    """Bridge br0 with tunnels to both peers, or with those that are given."""
    found = tunnels or tuple(tunnel(f"vx{n}", peer) for n, peer in enumerate(PEERS, 1))
    status = {name: fields.pop(name) for name in ("bfd", "statistics") if name in fields}
    bridge = rows.Bridge("br0", {"datapath_type": fields.pop("datapath_type", "")})
    observed = rows.Observed(
        bridges={"br0": bridge},
        tunnels={one.name: one for one in found},
        others={"br0": rows.OtherPort("br0", "br0", "internal")},
        **fields,
    )
    return Database(observed, **status)


def ovsdb_seen(made: Host | None = None, data: Database | None = None, **fields: Any) -> Snapshot:
    """A host of backend ovsdb."""
    made, data = made or ovsdb_host(), data or database()
    remotes = [one.options["remote_ip"] for one in data.rows.tunnels.values()]
    fields.setdefault("around", around(made, *(Path(one, LOCAL) for one in remotes)))
    fields.setdefault("daemon", Vswitchd(411, "S"))
    return Snapshot(kernel=made.observed(), database=data, asked=True, **fields)


def change(made: Host, name: str, **fields: Any) -> Host:
    """Change a device."""
    number = made.ifindex(name)
    made.links[number] = replace(made.links[number], **fields)
    return made


def attributes(made: Host, name: str, **attrs: Any) -> Host:
    """Change attributes of a VXLAN device."""
    link: Link = made.links[made.ifindex(name)]
    return change(made, name, attrs={**link.attrs, **attrs})


def unlink(made: Host, name: str, keep: bool = True) -> Host:
    """Detach a device from its datapath, or remove it."""
    number = made.ifindex(name)
    for datapath in list(made.datapaths.values()):
        left = tuple(port for port in datapath.vports if port.ifindex != number)
        made.datapaths[datapath.name] = replace(datapath, vports=left)
    change(made, name, master=0, slave_kind="")
    if not keep:
        del made.links[number]
    return made


def expect(*ports: Mapping[str, Any], **fields: Any) -> Expected:
    """What was declared for the kernel plane."""
    return Expected(ports={str(one["name"]): one for one in ports}, **fields)


def codes(seen: Snapshot, expected: Expected | None = None) -> list[str]:
    """Codes of all findings of all verdicts, each once, in order."""
    found = judge(seen, expected or Expected())
    return list(dict.fromkeys(one.code for verdict in found for one in verdict.findings))
