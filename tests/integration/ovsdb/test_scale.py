"""A thousand tunnels on one bridge: a normal case."""

from __future__ import annotations

from tests.integration.ovsdb.witness import Ovs

COUNT = 1000
REMOTES = [f"198.19.{128 + index // 250}.{1 + index % 250}" for index in range(COUNT)]


def _rows(ovs: Ovs) -> int:
    return int(ovs.sh("ovs-vsctl --no-wait list-ports br0 | wc -l"))


def test_a_thousand_tunnels(ovs: Ovs) -> None:
    base = {
        "bridges": [{"name": "br0"}],
        "bridge": "br0",
        "key": "7",
        "protected": True,
        "purge": True,
        "wait_timeout": 120,
    }
    made = ovs.apply(**base, remotes=REMOTES)
    assert len(made["actions"]) == COUNT + 1
    assert _rows(ovs) == COUNT
    shown = ovs.appctl("ofproto/list-tunnels")
    assert shown.count("key=0x7") == COUNT
    numbers = [one["ofport"] for one in made["tunnels"]]
    assert len(set(numbers)) == COUNT
    assert min(numbers) > 0

    assert ovs.apply(**base, remotes=REMOTES)["actions"] == []

    names = {one["remote_ip"]: one["name"] for one in made["tunnels"]}
    first, last = REMOTES[0], REMOTES[-1]
    changed = ovs.apply(
        **base, remotes=REMOTES[1:], tunnels=[{"name": names[first], "remote_ip": first, "ttl": 9}]
    )
    assert [(one["action"], one["port"]) for one in changed["actions"]] == [
        ("change", names[first])
    ]

    fewer = ovs.apply(**base, remotes=REMOTES[:-1])
    assert [(one["action"], one["port"]) for one in fewer["actions"]] == [
        ("delete", names[last]),
        ("change", names[first]),
    ]

    gone = ovs.apply(bridges=[], tunnels=[], purge=True, wait_timeout=120)
    assert len(gone["actions"]) == COUNT
    assert ovs.bridges() == []
