"""What others made survives byte for byte; what is ours is ours by its mark alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.ovsdb.witness import Ovs

# Ports, bonds, patch ports, QoS, mirrors, flows and marks as other tools leave them.
FOREIGN = (
    "ovs-vsctl --timeout=20 add-br br-int -- set bridge br-int fail_mode=secure "
    "external_ids:ct-zone-x=1 other_config:disable-in-band=true "
    "-- add-port br-int ovn-1 -- set interface ovn-1 type=geneve options:remote_ip=198.18.0.90 "
    "options:key=flow external_ids:ovn-chassis-id=abc "
    "-- add-port br-int vx-theirs -- set interface vx-theirs type=vxlan "
    "options:remote_ip=198.18.0.91 options:key=banana options:odd=1 external_ids:owner=neutron "
    "-- add-port br-int vx-other -- set interface vx-other type=vxlan "
    "options:remote_ip=198.18.0.92 external_ids:tunnelmesh-owner=somebody "
    "-- add-port br-int if-other -- set interface if-other type=internal "
    "external_ids:tunnelmesh-owner=somebody "
    "-- add-port br-int patch-a -- set interface patch-a type=patch options:peer=patch-b "
    "-- add-br br-ext -- add-port br-ext patch-b "
    "-- set interface patch-b type=patch options:peer=patch-a "
    "-- add-bond br-ext bond0 dm0 dm1 "
    "-- set interface dm0 type=internal -- set interface dm1 type=internal "
    "-- set port bond0 qos=@q lacp=active other_config:lacp-time=fast "
    "-- --id=@q create qos type=linux-htb queues:0=@u "
    "-- --id=@u create queue other_config:max-rate=1 "
    "-- --id=@m create mirror name=m0 select_all=true -- set bridge br-ext mirrors=@m "
    "netflow=@n sflow=@s ipfix=@i flow_tables:1=@t "
    '-- --id=@n create netflow targets=\\"198.18.0.93:2055\\" active_timeout=60 '
    '-- --id=@s create sflow targets=\\"198.18.0.93:6343\\" agent=lo '
    '-- --id=@i create ipfix targets=\\"198.18.0.93:4739\\" obs_domain_id=1 '
    "-- --id=@t create flow_table name=theirs flow_limit=100 "
    "-- set-controller br-int tcp:127.0.0.1:6653 -- set-manager ptcp:6644:127.0.0.1 "
    "-- set open . external_ids:ovn-remote=tcp:198.18.0.94 external_ids:system-id=their-host "
    "other_config:n-revalidator-threads=1; "
    "ovs-ofctl add-flow br-int table=0,priority=7,in_port=1,actions=output:2; "
    "ovs-ofctl add-flow br-ext cookie=0x77,dl_type=0x0800,nw_dst=192.0.2.9,actions=drop"
)
FLOWS = "for b in br-int br-ext; do ovs-ofctl --no-stats --sort dump-flows $b; done"


@dataclass(frozen=True)
class Theirs:
    """All rows of all tables, the OpenFlow rules, and the kernel's devices and datapath ports."""

    rows: dict[str, Any]
    flows: str
    kernel: str


def _theirs(ovs: Ovs) -> Theirs:
    flows = ovs.sh(FLOWS)
    assert "priority=7,in_port=" in flows
    assert "cookie=0x77" in flows
    kernel = ovs.sh("ip -br link | sort; ovs-dpctl show --names | grep port | sort")
    return Theirs(ovs.configuration(), flows, kernel)


def _foreign(ovs: Ovs) -> Theirs:
    ovs.sh(FOREIGN)
    return _theirs(ovs)


def test_foreign_rows_survive_a_whole_life(ovs: Ovs) -> None:
    before = _foreign(ovs)
    base = {"bridges": [{"name": "br0"}], "bridge": "br0"}
    tables = {key.partition(" ")[0] for key in before.rows}
    assert {"QoS", "Queue", "Mirror", "NetFlow", "sFlow", "IPFIX", "Flow_Table"} <= tables
    ovs.apply(**base, remotes=["198.18.0.12", "198.18.0.13"], purge=True)
    ovs.apply(**base, remotes=["198.18.0.13", "198.18.0.14"], purge=True, ttl="9")
    rows = ovs.configuration()
    assert {key: rows.get(key) for key in before.rows if not key.startswith("Open_v")} == {
        key: value for key, value in before.rows.items() if not key.startswith("Open_v")
    }
    ovs.apply(bridges=[], tunnels=[], purge=True)
    assert _theirs(ovs) == before


def test_ports_on_a_foreign_bridge_come_and_go_without_a_trace(ovs: Ovs) -> None:
    before = _foreign(ovs)
    ovs.apply(bridge="br-int", remotes=["198.18.0.12", "198.18.0.13"])
    assert len(ovs.ports("br-int")) == 7
    ovs.apply(tunnels=[], purge=True)
    after = _theirs(ovs)
    assert (after.flows, after.kernel) == (before.flows, before.kernel)
    assert set(after.rows) == set(before.rows)
    # The bridge has been written to, twice, so its version is another one, and nothing else.
    for key, row in before.rows.items():
        found = json.loads(after.rows[key])
        if key.startswith("Bridge ") and found["name"] == "br-int":
            found["_version"] = json.loads(row)["_version"]
        assert found == json.loads(row), key


CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"name": "vx-theirs"}, "exists and was not made by this collection"),
    ({"name": "vx-theirs", "state": "absent"}, "exists and was not made by this collection"),
    ({"name": "vx-other"}, "exists and belongs to owner 'somebody'"),
    ({"name": "vx-other", "state": "absent"}, "belongs to owner 'somebody'"),
    ({"name": "ovn-1", "adopt": True}, "is no VXLAN tunnel (type geneve)"),
    ({"name": "patch-a", "state": "absent", "adopt": True}, "is no VXLAN tunnel (type patch)"),
    ({"name": "bond0"}, "port bond0 exists on bridge br-ext and is no VXLAN tunnel (type bond)"),
    ({"name": "dm0", "adopt": True}, "is no VXLAN tunnel (type internal)"),
    ({"name": "br-ext"}, "is no VXLAN tunnel (type internal)"),
    ({"bridges": [{"name": "br-ext"}], "tunnels": []}, "bridge br-ext exists and was not made"),
    ({"bridges": [{"name": "patch-a"}], "tunnels": []}, "is the name of a port that exists"),
    (
        {"bridges": [{"name": "br-ext", "state": "absent", "adopt": True}], "tunnels": []},
        "it has ports that are not ours: bond0, patch-b",
    ),
]


def test_what_is_not_ours_is_refused(ovs: Ovs) -> None:
    before = _foreign(ovs)
    wrong = {}
    for claim, message in CLAIMS:
        said = ovs.fails(**{"bridge": "br-int", "remote_ip": "198.18.0.12", **claim})
        if message not in said:
            wrong[str(claim)] = said
    assert wrong == {}
    assert _theirs(ovs) == before


def test_adopt_takes_over_and_cleans_up(ovs: Ovs) -> None:
    _foreign(ovs)
    row = ovs.interface("vx-theirs")["_uuid"]
    result = ovs.apply(
        name="vx-theirs", bridge="br-int", remote_ip="198.18.0.91", key="7", adopt=True
    )
    (action,) = result["actions"]
    assert action["changes"]["owner"] == {"before": None, "after": "default"}
    assert action["changes"]["odd"] == {"before": 1, "after": None}
    after = ovs.interface("vx-theirs")
    assert after["_uuid"] == row
    assert after["options"] == {"remote_ip": "198.18.0.91", "key": "7", "dst_port": "4789"}
    assert after["external_ids"] == {"owner": "neutron", "tunnelmesh-owner": "default"}
    ovs.apply(name="vx-theirs", state="absent")
    assert "vx-theirs" not in ovs.rows("Port")


def test_owners_live_side_by_side(ovs: Ovs) -> None:
    base = {"bridges": [{"name": "br0"}], "bridge": "br0"}
    ovs.apply(**base, remotes=["198.18.0.12"], key="1", purge=True)
    ovs.apply(bridge="br0", remotes=["198.18.0.12"], key="2", owner="blue", purge=True)
    assert len(ovs.ports("br0")) == 2
    message = ovs.fails(bridges=[], tunnels=[], purge=True)
    assert "bridge br0 cannot be removed: it has ports that are not ours" in message
    assert len(ovs.ports("br0")) == 2
    ovs.apply(tunnels=[], purge=True, owner="blue")
    ovs.apply(bridges=[], tunnels=[], purge=True)
    assert ovs.bridges() == []


def test_a_bridge_takes_the_access_ports_of_its_owner_with_it(ovs: Ovs) -> None:
    """Teardown in one go: the bridge's tunnels and access ports are ours, and no others."""
    base = {"bridges": [{"name": "br0"}], "bridge": "br0"}
    ovs.apply(**base, remotes=["198.18.0.12"])
    port: dict[str, Any] = {"bridge": "br0", "tag": 11, "address": ["192.0.2.1/24"]}
    for owner in ("default", "blue"):
        made = ovs.target.run("ovs_access_port", **port, name=f"if-{owner}", owner=owner)
        assert made["changed"], made
    gone: dict[str, Any] = {"bridges": [], "tunnels": [], "purge": True}
    before = ovs.configuration()
    assert "it has ports that are not ours: if-blue. " in ovs.fails(**gone)
    assert ovs.configuration() == before
    ovs.target.run("ovs_access_port", ports=[], owner="blue", purge=True)
    foreseen = ovs.foresees(**gone)
    result = ovs.apply(**gone)
    assert result["actions"] == foreseen["actions"]
    assert [one["action"] for one in result["actions"]] == ["delete", "delete"]
    assert result["actions"][1]["changes"] == {"ports": {"before": ["if-default"], "after": []}}
    assert (ovs.bridges(), ovs.target.link("if-default")) == ([], None)
    assert ovs.apply(**gone)["actions"] == []


def test_keys_of_others_in_our_rows_stay(ovs: Ovs) -> None:
    config = {"x": "1", "y": "2"}
    bridge = {"name": "br0", "other_config": config, "external_ids": config}
    base = {"name": "vx", "bridge": "br0", "remote_ip": "198.18.0.12"}
    ovs.apply(**base, bridges=[bridge], external_ids=config)
    ovs.vsctl("set bridge br0 other_config:z=9 external_ids:z=9")
    ovs.vsctl("set interface vx external_ids:z=9 -- set port vx other_config:z=9")
    less = {"name": "br0", "other_config": {"y": "3"}, "external_ids": {"y": "3"}}
    result = ovs.apply(**base, bridges=[less], external_ids={"y": "3"})
    assert [entry["action"] for entry in result["actions"]] == ["change", "change"]
    row = {
        key: dict(value[1])
        for key, value in ovs.rows("Bridge")["br0"].items()
        if "_" in key and isinstance(value, list) and value[0] == "map"
    }
    assert row["other_config"] == {"y": "3", "z": "9"}
    ours = {"tunnelmesh-owner": "default"}
    assert {k: v for k, v in row["external_ids"].items() if k != "tunnelmesh-keys"} == {
        "y": "3",
        "z": "9",
        **ours,
    }
    ids = ovs.interface("vx")["external_ids"]
    assert {k: v for k, v in ids.items() if k != "tunnelmesh-keys"} == {"y": "3", "z": "9", **ours}
    ovs.apply(**base, bridges=[{"name": "br0"}])
    assert ovs.interface("vx")["external_ids"] == {"z": "9", **ours}
    assert "theirs" not in str(ovs.rows("Bridge")["br0"])
    assert dict(ovs.rows("Bridge")["br0"]["other_config"][1]) == {"y": "3", "z": "9"}


@pytest.mark.parametrize("keep", ["change", "delete"])
def test_a_row_that_changes_underway_is_read_again(ovs: Ovs, keep: str) -> None:
    """Somebody edits the same rows all the time; the run converges, and loses nothing of theirs."""
    base = {"bridges": [{"name": "br0"}], "bridge": "br0"}
    ovs.apply(**base, remotes=["198.18.0.12"], key="1")
    ovs.sh(
        "nohup sh -c 'n=0; while [ ! -e /tmp/enough ]; do n=$((n+1)); ovs-vsctl --no-wait "
        "set open . external_ids:n=$n -- --if-exists set bridge br0 external_ids:n=$n; done' "
        ">/dev/null 2>&1 & rm -f /tmp/enough"
    )
    try:
        for ttl in ("5", "6", "7"):
            extra = {"ttl": ttl} if keep == "change" else {"key": ttl, "purge": True}
            result = ovs.apply(**{**base, "key": "1", **extra}, remotes=["198.18.0.12"])
            assert result["changed"]
    finally:
        ovs.sh("touch /tmp/enough; ovs-vsctl --timeout=20 remove open . external_ids n")
