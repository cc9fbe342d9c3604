# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A database that answers nonsense, half an answer, or more than was asked for.

Every answer goes over a real socket to a whole run of ovs_vxlan_tunnel, or of ovs_access_port: it
ends soon, in success or in an error in words. What a newer server adds changes nothing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.access import database as access
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.pipeline import run
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.model import Desired, Observed
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.plane import TunnelPlane
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.remote import parse
from tests.unit.core.profile import examples
from tests.unit.ovsdb.builders import declare
from tests.unit.ovsdb.server import Server, serving

DEPTH = 4  # table, row, kind of change, column; or result, rows, row, column
PEER = "198.18.0.2"
FIRST = {
    "bridges": [{"name": "br0"}],
    "tunnels": [{"name": "a", "bridge": "br0", "remote_ip": PEER}],
}
SECOND = {
    "bridges": [{"name": "br0"}, {"name": "br1"}],
    "tunnels": [
        {"name": "a", "bridge": "br0", "remote_ip": PEER, "key": "7"},
        {"name": "b", "bridge": "br1", "remote_ip": PEER},
    ],
}
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1 << 70, 1.5, "", "x", [], ["set"], ["map", [["a"]]], ["uuid"], {}, {"a": []}]
)
Change = Callable[[bytes, str], bytes]


class Odd(Server):
    """A server whose answers go through ``change`` as bytes, from the ``after``-th on."""

    change: Change = staticmethod(lambda data, _method: data)
    after = 0
    count = 0

    def _answer(self, stream: Any, message: dict[str, Any]) -> bool:
        return super()._answer(cast("Any", _Stream(stream, self, message["method"])), message)


class _Stream:
    def __init__(self, stream: Any, server: Odd, method: str) -> None:
        self._stream, self._server, self._method = stream, server, method

    def sendall(self, data: bytes) -> None:
        self._server.count += 1
        if self._server.count > self._server.after:
            data = self._server.change(data, self._method)
        self._stream.sendall(data)


@contextmanager
def odd() -> Iterator[Odd]:
    """A server with the first declaration in it."""
    with tempfile.TemporaryDirectory() as folder:
        server = Odd(Path(folder) / "db.sock")
        try:
            ovs_run(server, declare(**FIRST))
            server.count = 0
            yield server
        finally:
            server.close()


def ovs_run(server: Server, wanted: Desired, patience: float = 20.0) -> Observed:
    """A run; patience: seconds that it waits for an answer."""
    plane = TunnelPlane(wanted, parse(f"unix:{server.path}"), None, patience, True)
    return run(plane, check_mode=False).after


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in an answer something can be replaced: down to the columns of a row."""
    yield path
    if len(path) == DEPTH:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from spots(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from spots(item, (*path, index))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """``value`` with another one at ``path``."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def wrong(data: st.DataObject) -> Change:
    """One value somewhere in every answer is replaced."""
    pick, new = data.draw(st.integers(0, 10_000)), data.draw(ODD)

    def change(raw: bytes, _method: str) -> bytes:
        message = json.loads(raw)
        paths = list(spots(message["result"]))
        message["result"] = replaced(message["result"], paths[pick % len(paths)], new)
        return json.dumps(message).encode()

    return change


def cut(data: st.DataObject) -> Change:
    """Every answer ends early and garbage follows, so that nobody waits for the rest."""
    share = data.draw(st.floats(0, 1))
    garbage = data.draw(st.sampled_from([b"}}}}]]", b"\xff\xfe", b'"' + b"}" * 9, b"{" * 99]))
    return lambda raw, _method: raw[: int(len(raw) * share)] + garbage + b"}" * 200 + b"#"


def deep(data: st.DataObject) -> Change:
    """Nested deeper than any parser likes, or longer than any tunnel."""
    size, nests = data.draw(st.sampled_from([1_000, 100_000])), data.draw(st.booleans())
    nested = b'{"id":1,"error":null,"result":' + b"[" * size + b"]" * size + b"}"
    long = b'{"id":1,"error":"' + b"x" * (10 * size) + b'"}'
    return lambda _raw, _method: nested if nests else long


@pytest.mark.parametrize("how", [wrong, cut, deep])
@given(st.data())
@examples(25)
def test_nonsense_ends_in_words(
    how: Callable[[st.DataObject], Change], data: st.DataObject
) -> None:
    with odd() as server:
        server.after = data.draw(st.integers(0, 5))
        server.change = how(data)
        try:
            ovs_run(server, declare(**SECOND), 0.5)
            event("succeeded")
        except TunnelMeshError as error:
            event(f"failed: {error.cause[:40]}")


@given(st.data())
@examples(60)
def test_nonsense_about_access_ports_ends_in_words(data: st.DataObject) -> None:
    with odd() as server:
        server.change = wrong(data)
        try:
            access.read(parse(f"unix:{server.path}"))
        except TunnelMeshError as error:
            event(f"failed: {error.cause[:40]}")


def test_what_a_newer_server_adds_is_passed_over() -> None:
    """Notifications in between, columns, tables and members that nobody asked for."""
    notice = b'{"id":null,"method":"%s","params":[null,{"Open_vSwitch":{"r":{"new":{}}}}]}'
    probe = b'{"id":"echo","method":"echo","params":[]}'

    def change(raw: bytes, method: str) -> bytes:
        message = {**json.loads(raw), "new-member": {"a": [1]}}
        if method == "monitor_cond":
            for table in message["result"].values():
                for row in table.values():
                    row["initial"]["new_column"] = ["map", [["a", ["set", []]]]]
            message["result"]["New_Table"] = {"r": {"initial": {"x": 1}}}
        early = notice % b"update2" + probe + notice % b"stolen"
        return early + b" \n" + json.dumps(message).encode() + notice % b"update3"

    with odd() as plain, odd() as newer:
        newer.change = change
        seen, known = (ovs_run(server, declare(**SECOND)) for server in (newer, plain))
        assert seen.bridges.keys() == known.bridges.keys() == {"br0", "br1"}
        for name in ("a", "b"):
            assert seen.tunnels[name].columns == known.tunnels[name].columns
        assert len(newer.transactions) == len(plain.transactions)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with serving(Path(tempfile.mkdtemp())) as server:
        server._answer = lambda stream, message: True  # type: ignore[method-assign]  # noqa: ARG005
        with pytest.raises(TunnelMeshError, match="did not answer within 1 s"):
            ovs_run(server, declare(**FIRST), 1.0)
