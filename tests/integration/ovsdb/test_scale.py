"""A thousand tunnels on one bridge: a normal case, with gates that need no clock.

A run is one snapshot of the database and of the kernel before, one transaction, and one snapshot
of each after, for any number of tunnels; a run with nothing to do and a dry run only look.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.ovsdb.witness import Ovs

COUNT = 1000
REMOTES = [f"198.19.{128 + index // 250}.{1 + index % 250}" for index in range(COUNT)]
BASE: dict[str, Any] = {
    "bridges": [{"name": "br0"}],
    "bridge": "br0",
    "key": "7",
    "protected": True,
    "purge": True,
    "wait_timeout": 120,
}
GONE: dict[str, Any] = {"bridges": [], "tunnels": [], "purge": True, "wait_timeout": 120}


class Stopwatch:
    """Seconds by name, of the module and of ovs-vsctl, as seen from this machine."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def time(self, name: str, job: Callable[[], Any]) -> Any:
        """Do a job and note how long it took."""
        start = time.monotonic()
        value = job()
        self.seconds.setdefault(name, []).append(time.monotonic() - start)
        return value

    def table(self) -> str:
        """One line per name: module, ovs-vsctl."""
        lines = [f"{COUNT} tunnels, seconds of    module  ovs-vsctl"]
        for name, (ours, theirs) in self.seconds.items():
            lines.append(f"  {name:<22} {ours:8.2f} {theirs:10.2f}")
        return "\n".join(lines)


def _asked(result: dict[str, Any]) -> dict[str, Any]:
    """What a run asked of the database and the kernel, and which processes it started."""
    netlink = {name: result["netlink"][name] for name in ("dumps", "writes")}
    return {"ovsdb": result["ovsdb"], "children": result["children"], **netlink}


def _differing(before: dict[str, str], after: dict[str, str]) -> dict[str, int]:
    """How many rows of each table are not the same; those of Open_vSwitch count themselves."""
    found: dict[str, int] = {}
    for key in {*before, *after}:
        if before.get(key) != after.get(key):
            table = key.partition(" ")[0]
            found[table] = found.get(table, 0) + 1
    return found


LOOK = {"ovsdb": {"monitor_cond": 1}, "children": [], "writes": 0}


def _life(ovs: Ovs, remotes: list[str], watch: Stopwatch) -> dict[str, dict[str, Any]]:
    """Apply, read back, dry run, change one, remove one, purge; what each asked for."""
    asked: dict[str, dict[str, Any]] = {}
    made = watch.time("created", lambda: ovs.apply(**BASE, remotes=remotes))
    asked["create"] = _asked(made)
    assert len(made["actions"]) == len(remotes) + 1
    numbers = [one["ofport"] for one in made["tunnels"]]
    assert len(set(numbers)) == len(remotes)
    assert min(numbers) > 0
    assert ovs.appctl("ofproto/list-tunnels").count("key=0x7") == len(remotes)
    names = {one["remote_ip"]: one["name"] for one in made["tunnels"]}
    first, last = remotes[0], remotes[-1]
    one_changed = {
        "remotes": remotes[1:],
        "tunnels": [{"name": names[first], "remote_ip": first, "ttl": 9}],
    }

    rows, number = ovs.configuration(), ovs.next_cfg()
    again = watch.time("nothing to do", lambda: ovs.apply(**BASE, remotes=remotes))
    assert again["actions"] == []
    asked["nothing"] = _asked(again)
    dry = watch.time("dry run of one change", lambda: ovs.foresees(**BASE, **one_changed))
    asked["dry"] = _asked(dry)
    assert (ovs.configuration(), ovs.next_cfg()) == (rows, number)

    changed = watch.time("one changed", lambda: ovs.apply(**BASE, **one_changed))
    asked["change"] = _asked(changed)
    assert changed["actions"] == dry["actions"]
    assert [(one["action"], one["port"]) for one in changed["actions"]] == [
        ("change", names[first])
    ]
    now = ovs.configuration()
    assert _differing(rows, now) == {"Interface": 1}
    assert ovs.next_cfg() == number + 1

    fewer = watch.time(
        "one removed", lambda: ovs.apply(**BASE, **{**one_changed, "remotes": remotes[1:-1]})
    )
    asked["remove"] = _asked(fewer)
    assert [(one["action"], one["port"]) for one in fewer["actions"]] == [("delete", names[last])]
    assert _differing(now, ovs.configuration()) == {"Interface": 1, "Port": 1, "Bridge": 1}

    gone = watch.time("purged", lambda: ovs.apply(**GONE))
    asked["purge"] = _asked(gone)
    assert len(gone["actions"]) == len(remotes)
    assert ovs.bridges() == []
    return asked


def _by_vsctl(ovs: Ovs, watch: Stopwatch) -> None:
    """The same life, a single ovs-vsctl transaction each."""
    words = ["--timeout=120 add-br br0"]
    for index, remote in enumerate(REMOTES):
        words.append(
            f"add-port br0 v{index} -- set port v{index} protected=true -- set interface v{index} "
            f"type=vxlan options:remote_ip={remote} options:key=7 options:dst_port=4789"
        )
    script = f"exec ovs-vsctl {' -- '.join(words)}\n"
    ovs.target.lab.ssh(ovs.target.host, "cat >/tmp/many.sh", stdin=script)
    watch.time("created", lambda: ovs.sh("sh /tmp/many.sh"))
    columns = "name,type,options,bfd,mac,ofport_request,external_ids,ofport,error"
    look = f"ovs-vsctl --format=json --columns={columns} list interface >/dev/null"
    watch.time("nothing to do", lambda: ovs.sh(look))
    watch.time("dry run of one change", lambda: ovs.sh(look))
    watch.time("one changed", lambda: ovs.sh("ovs-vsctl set interface v0 options:ttl=9"))
    watch.time("one removed", lambda: ovs.sh("ovs-vsctl del-port v999"))
    watch.time("purged", lambda: ovs.sh("ovs-vsctl --timeout=120 del-br br0"))


def test_a_thousand_tunnels(ovs: Ovs, capsys: pytest.CaptureFixture[str]) -> None:
    few = _life(ovs, REMOTES[:3], Stopwatch())
    watch = Stopwatch()
    many = _life(ovs, REMOTES, watch)
    assert many == few, "what a run asks for does not depend on the number of tunnels"
    for run, asked in many.items():
        assert asked["children"] == [], run
        if run in ("nothing", "dry"):
            assert {**asked, **LOOK} == asked, run
            continue
        assert asked["ovsdb"]["write"] == 1, run
        assert asked["ovsdb"].get("select", 0) <= 1, run
        assert asked["ovsdb"]["monitor_cond"] == 2, "one snapshot before, and one after"
        assert asked["writes"] == 0, run
    _by_vsctl(ovs, watch)
    with capsys.disabled():
        print(f"\n{watch.table()}")
