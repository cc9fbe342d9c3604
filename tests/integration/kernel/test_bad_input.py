"""Bad input through the real modules: a message that names it, no request, nothing touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.integration.kernel.host import DATAPATH, PORT, Host
from tests.unit.kernel import rejected

# What Ansible itself refuses by the argument specs.
TYPES: list[tuple[dict[str, Any], str]] = [
    ({"vni": "abc"}, "vni"),
    ({"vni": 1.5}, "vni"),
    ({"port_no": [1]}, "port_no"),
    ({"state": "up"}, "value of state must be one of"),
    ({"df": "maybe"}, "value of df must be one of"),
    ({"learning": "perhaps"}, "learning"),
    ({"vport_type": "gre"}, "value of vport_type must be one of"),
    ({"extensions": ["gbp", "foo"]}, "foo"),
    ({"remotes": {"a": 1}}, "remotes"),
    ({"remote": "198.18.0.12"}, "Unsupported parameters"),
    ({"ports": [{"name": "a", "vnis": 1}]}, "vnis"),
    ({"ports": "a"}, "dictionary requested"),
]
AT_ONCE = 8


def _cases(module: str) -> list[tuple[dict[str, Any], str]]:
    if module == DATAPATH:
        return [({"name": "bad0", **options}, said) for options, said in rejected.DATAPATHS]
    base = {"name": "vx1", "datapath": "lab0"}
    return [({**base, **options}, said) for options, said in [*rejected.PORTS, *TYPES]]


def _answers(host: Host, module: str, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few at a time: a guest has little memory."""
    found = []
    for first in range(0, len(cases), AT_ONCE):
        some = [{"module": module, "args": args} for args in cases[first : first + AT_ONCE]]
        found += host.target.run.at_once(*some)
    return found


@pytest.mark.parametrize("module", [PORT, DATAPATH])
def test_bad_input_touches_nothing(host: Host, module: str) -> None:
    host.datapath("lab0")
    before = host.look(flows=True)
    cases = _cases(module)
    answers = _answers(host, module, [args for args, _said in cases])
    wrong = [
        (args, answer.get("msg"))
        for (args, said), answer in zip(cases, answers, strict=True)
        if not answer.get("failed") or said not in answer["msg"] or answer["netlink"]["requests"]
    ]
    assert not wrong
    assert host.look(flows=True) == before
