"""VXLAN is admitted from members only, and nothing else is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.firewall.wire import MEMBERS, STRANGERS, Wire, need_nft, run
from tests.tools.ci.model import ROOT

TEMPLATE = ROOT / "roles/vtep/templates/firewall.nft.j2"
EVERYBODY = {*MEMBERS, *STRANGERS}


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Two hosts with no table at all."""
    need_nft()
    found = Wire()
    yield found
    found.remove()


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """The role's own template, filled in by Ansible."""

    def render(*members: str) -> Path:
        target = tmp_path / "firewall.nft"
        variables = {"vtep_admitted": members, "vtep_firewall_ports": [4789, 4790]}
        where = ["-i", "localhost,", "--connection", "local", "localhost"]
        what = ["-m", "ansible.builtin.template", "-a", f"src={TEMPLATE} dest={target}"]
        run("ansible", *where, *what, "-e", json.dumps(variables))
        return target

    return render


def test_only_members_reach_the_ports_of_vxlan(wire: Wire, table: Callable[..., Path]) -> None:
    assert wire.heard(4789, sorted(EVERYBODY)) == EVERYBODY
    wire.nft("-f", table(*MEMBERS))
    for port in (4789, 4790):
        assert wire.heard(port, sorted(EVERYBODY)) == set(MEMBERS)
    assert wire.dropped() == 4
    assert wire.heard(4791, sorted(EVERYBODY)) == EVERYBODY


def test_loading_again_replaces_our_table_and_no_other(
    wire: Wire, table: Callable[..., Path]
) -> None:
    wire.nft("add", "table", "inet", "theirs")
    wire.nft("-f", table(*MEMBERS))
    # A family without members has nobody to admit.
    wire.nft("-f", table(STRANGERS[0]))
    assert wire.heard(4789, sorted(EVERYBODY)) == {STRANGERS[0]}
    assert wire.nft("list", "tables").split("\n")[:2] == [
        "table inet theirs",
        "table inet tunnelmesh",
    ]
