"""What others made survives byte for byte; what is ours is ours by its mark alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ovsdb.witness import Ovs

# Ports, bonds, patch ports, QoS, mirrors and marks as other tools leave them.
FOREIGN = (
    "ovs-vsctl --timeout=20 add-br br-int -- set bridge br-int fail_mode=secure "
    "external_ids:ct-zone-x=1 other_config:disable-in-band=true "
    "-- add-port br-int ovn-1 -- set interface ovn-1 type=geneve options:remote_ip=198.18.0.90 "
    "options:key=flow external_ids:ovn-chassis-id=abc "
    "-- add-port br-int vx-theirs -- set interface vx-theirs type=vxlan "
    "options:remote_ip=198.18.0.91 options:key=banana options:odd=1 external_ids:owner=neutron "
    "-- add-port br-int vx-other -- set interface vx-other type=vxlan "
    "options:remote_ip=198.18.0.92 external_ids:tunnelmesh-owner=somebody "
    "-- add-port br-int patch-a -- set interface patch-a type=patch options:peer=patch-b "
    "-- add-br br-ext -- add-port br-ext patch-b "
    "-- set interface patch-b type=patch options:peer=patch-a "
    "-- add-bond br-ext bond0 dm0 dm1 "
    "-- set interface dm0 type=internal -- set interface dm1 type=internal "
    "-- set port bond0 qos=@q lacp=active other_config:lacp-time=fast "
    "-- --id=@q create qos type=linux-htb queues:0=@u "
    "-- --id=@u create queue other_config:max-rate=1 "
    "-- --id=@m create mirror name=m0 select_all=true -- set bridge br-ext mirrors=@m "
    "-- set-controller br-int tcp:127.0.0.1:6653"
)


def _foreign(ovs: Ovs) -> dict[str, Any]:
    ovs.sh(FOREIGN)
    return ovs.configuration()


def test_foreign_rows_survive_a_whole_life(ovs: Ovs) -> None:
    before = _foreign(ovs)
    base = {"bridges": [{"name": "br0"}], "bridge": "br0"}
    ovs.apply(**base, remotes=["198.18.0.12", "198.18.0.13"], purge=True)
    ovs.apply(**base, remotes=["198.18.0.13", "198.18.0.14"], purge=True, ttl="9")
    ovs.apply(bridges=[], tunnels=[], purge=True)
    assert ovs.configuration() == before


def test_ports_on_a_foreign_bridge_come_and_go_without_a_trace(ovs: Ovs) -> None:
    before = _foreign(ovs)
    ovs.apply(bridge="br-int", remotes=["198.18.0.12", "198.18.0.13"])
    assert len(ovs.ports("br-int")) == 6
    ovs.apply(tunnels=[], purge=True)
    after = ovs.configuration()
    changed = {key for key in before if before[key] != after.get(key)}
    assert set(after) == set(before)
    assert changed <= {
        key for key in before if key.startswith("Bridge ") and "br-int" in before[key]
    }


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
    assert ovs.configuration() == before


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
