"""Whatever is broken, and however much of it at once: verdicts stay complete and consistent."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict import verdicts, view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import CODES, OK, RANK
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.judge import judge, status
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.model import (
    Expected,
    Snapshot,
    Surroundings,
)
from tests.unit.core.profile import examples
from tests.unit.verdict.faults import FAULTS

FIELDS = [name for name in Surroundings.__dataclass_fields__ if name != "routes"]


@st.composite
def _broken(draw: st.DrawFn) -> tuple[Snapshot, Expected]:
    """A host with one fault, and pieces of the surroundings of hosts with other faults."""
    seen, expected = FAULTS[draw(st.sampled_from(sorted(FAULTS)))]()
    for name in draw(st.lists(st.sampled_from(sorted(FAULTS)), max_size=4)):
        other, declared = FAULTS[name]()
        field = draw(st.sampled_from(FIELDS))
        around = replace(seen.around, **{field: getattr(other.around, field)})
        seen = replace(seen, around=around)
        if draw(st.booleans()):
            expected = declared
        if draw(st.booleans()):
            seen = replace(seen, database=other.database, daemon=other.daemon)
    return seen, expected


@given(_broken())
@examples(300)
def test_verdicts_are_consistent(case: tuple[Snapshot, Expected]) -> None:
    seen, expected = case
    found = judge(seen, expected)
    assert found == judge(seen, expected)
    entries = [verdicts.entry(one) for one in found]
    json.dumps(entries)
    for verdict, entry in zip(found, entries, strict=True):
        ranks = [RANK[one.code] for one in verdict.findings]
        assert ranks == sorted(ranks)
        assert entry["status"] == status(verdict.findings)
        assert (entry["code"] == OK) == (not verdict.findings)
        if verdict.findings:
            assert CODES[entry["code"]].severity == entry["status"]
    told = {(p["code"], name) for p in verdicts.problems(found) for name in p["affects"]}
    names = [one.subject.name if one.subject else "host" for one in found]
    assert told == {
        (one.code, name)
        for verdict, name in zip(found, names, strict=True)
        for one in verdict.findings
    }


@given(_broken())
@examples(100)
def test_everything_that_was_seen_can_be_shown(case: tuple[Snapshot, Expected]) -> None:
    seen, _expected = case
    everything = view.Filter()
    shown = [make(seen, everything) for make in (view.datapaths, view.devices, view.bridges)]
    json.dumps([*shown, view.tunnels(seen, everything), view.udp(seen, view.udp_ports(seen))])
    assert view.tunnels(seen, view.Filter(owner="nobody")) == []
