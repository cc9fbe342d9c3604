"""Every option of a port: created, changed, and changed back, on IPv4 and IPv6.

All rows of a family go to the kernel as one set, three times; each row is a test of its own
against what iproute2 and ovs-dpctl saw after each of the three runs.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.kernel.host import Host, Run
from tests.integration.kernel.option_rows import IN_PLACE, Row, rows


def declared(row: Row, name: str, number: int, which: int) -> dict[str, Any]:
    """One row as an entry of `ports`."""
    options = {"name": name, "vni": 100 + number, **row.options(which)}
    if row.option == "vni" and row.values[which] is None:
        del options["vni"]
    return {key: value for key, value in options.items() if value is not None}


@pytest.fixture(scope="module", params=["4", "6"])
def story(machine: Host, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Carry out the three runs."""
    machine.clean()
    machine.datapath("lab0")
    table = rows(request.param)
    runs = []
    for which in (0, 1, 0):
        ports = [declared(row, name, at, which) for at, (name, row) in enumerate(table.items())]
        runs.append(machine.ports(ports, datapath="lab0"))
    machine.clean()
    return {"family": request.param, "runs": runs}


def shown(run: Run, name: str, key: str) -> Any:
    """What the witness says about an option."""
    if key == "flood":
        found = run.after.flood.get(name)
        return found and {entry.split()[0] for entry in found}
    if key == "port_no":
        return run.after.ports["lab0"][name]
    if key == "legacy":
        return name in run.after.legacy
    if key in ("mtu", "address"):
        return run.after.links[name][key]
    return run.after.vxlan(name).get(key)


@pytest.mark.parametrize("name", rows("4"))
def test_an_option_is_created_changed_and_changed_back(story: dict[str, Any], name: str) -> None:
    row = rows(story["family"])[name]
    created, changed, back = story["runs"]
    for run, which in ((created, 0), (changed, 1), (back, 0)):
        assert run.after.linked(name, "lab0"), "not linked"
        assert run.after.owner(name) == "default"
        assert run.after.links[name]["group"] == "default"
        assert shown(run, name, row.key) == row.shown[which]
    assert created.actions(name)[0] == "create"
    assert changed.actions(name) == row.how
    same_device = created.after.ifindex(name) == changed.after.ifindex(name)
    assert same_device is ("create" not in row.how)
    if row.option != "port_no":
        numbers = {run.after.ports["lab0"][name] for run in story["runs"]}
        assert len(numbers) == 1, "the port number is kept"
    if row.how == IN_PLACE:
        assert list(changed.changes(name)) == [row.key if row.key == "mtu" else _as_shown(row)]
    elif row.forced_by:
        assert all(row.forced_by in entry["why"] for entry in changed.entries(name))


def _as_shown(row: Row) -> str:
    return {"mac_address": "mac"}.get(row.option, row.option)


def test_a_recreated_port_keeps_its_address(story: dict[str, Any]) -> None:
    created, changed, _back = story["runs"]
    kept = [name for name in rows("4") if changed.actions(name)[-2:] == ["create", "link"]]
    assert len(kept) > 5
    for name in kept:
        if rows("4")[name].key == "gpe":  # carries no Ethernet without an inner header
            continue
        assert created.after.links[name]["address"] == changed.after.links[name]["address"]
