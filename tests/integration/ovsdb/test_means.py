"""What a host lacks: the management plane does without, or the task fails before it starts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ovsdb.witness import RUN, Ovs

BASE: dict[str, Any] = {
    "bridges": [{"name": "br0", "mtu": 1400}],
    "name": "vx",
    "bridge": "br0",
    "remote_ip": "198.18.0.12",
}
DEVICE = "vxlan_sys_4789"


def _without(ovs: Ovs, spoil: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    return ovs.target.run.spoiled("ovs_vxlan_tunnel", spoil, **wanted)


def test_the_management_plane_does_without_pyroute2(ovs: Ovs) -> None:
    """With the kernel looked at: only to change it takes the library."""
    for wanted, count in (
        (BASE, 2),
        (BASE, 0),
        ({**BASE, "ttl": "9", "tag": 5, "bfd": {"enable": True}}, 1),
        ({"bridges": [], "tunnels": [], "purge": True}, 2),
    ):
        result = _without(ovs, {"bare": True}, **wanted)
        assert len(result["actions"]) == count, result
        if count:
            assert "name" not in wanted or result["tunnels"][0]["device"]["state"] == "present"
    assert ovs.bridges() == []


REPAIRS: dict[str, tuple[str, dict[str, Any], str]] = {
    "deleted": (f"ip link delete {DEVICE}", BASE, f"recreate device {DEVICE}, was deleted"),
    "down": (f"ip link set {DEVICE} down", BASE, f"set up device {DEVICE}, was set down"),
    "address": (
        "true",
        {**BASE, "bridges": [{"name": "br1", "address": ["192.0.2.1/24"]}]},
        "set bridge br1",
    ),
    "extensions": ("true", {**BASE, "extensions": ["gbp"]}, f"recreate device {DEVICE}, has"),
}


@pytest.mark.parametrize("lack", ["pyroute2", "CAP_NET_ADMIN"])
def test_a_repair_that_cannot_be_made_is_refused_before_anything_is_touched(
    ovs: Ovs, lack: str
) -> None:
    """Not even the part that the database could do alone."""
    spoil: dict[str, Any] = {"bare": True} if lack == "pyroute2" else {"uid": 65534}
    ovs.apply(**BASE)
    ovs.sh(f"chmod 666 {RUN}/db.sock {RUN}/*.ctl")
    try:
        # Who may not change devices may change none: one repair stands for all.
        for name in REPAIRS if lack == "pyroute2" else ["down"]:
            script, wanted, reason = REPAIRS[name]
            ovs.sh(script)
            _refused_in_time(ovs, spoil, {**wanted, "ttl": "9"}, [lack, reason])
            assert ovs.apply(**wanted)["changed"], reason
    finally:
        ovs.sh(f"chmod 750 {RUN}/db.sock {RUN}/*.ctl")


def _refused_in_time(
    ovs: Ovs, spoil: dict[str, Any], wanted: dict[str, Any], texts: list[str]
) -> None:
    before, number = ovs.configuration(), ovs.next_cfg()
    links = ovs.sh("ip -br link")
    result = _without(ovs, spoil, **wanted)
    assert all(text in result["msg"] for text in texts), result["msg"]
    assert result["remedy"]
    dry = _without(ovs, {**spoil, "check": True}, **wanted)
    assert "a run would fail" in str(dry["warnings"])
    assert texts[0] in str(dry["warnings"])
    assert dry["actions"] == ovs.foresees(**wanted)["actions"]
    assert (ovs.configuration(), ovs.next_cfg()) == (before, number)
    assert ovs.sh("ip -br link") == links
