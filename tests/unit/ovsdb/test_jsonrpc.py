# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Framing and calls of JSON-RPC, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    EnvironmentProblem,
    InputError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.database import transact
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.jsonrpc import (
    Connection,
    Deadline,
    DeadlinePassed,
    Framer,
    ProtocolError,
    RemoteError,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb.remote import Remote, parse
from tests.unit.core.profile import examples

TEXTS = st.text(alphabet='{}[]"\\:,\n é😀x', max_size=12)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)


@given(st.lists(OBJECTS, max_size=5), st.lists(st.integers(1, 9), max_size=60), st.booleans())
@examples(300)
def test_objects_come_out_as_they_went_in_whatever_the_pieces(
    objects: list[Any], sizes: list[int], escaped: bool
) -> None:
    spaces = [" \n", "", "\t\r\n"]
    stream = "".join(
        json.dumps(one, ensure_ascii=escaped) + spaces[index % 3]
        for index, one in enumerate(objects)
    ).encode()
    framer, found = Framer(), []
    position = 0
    for size in [*sizes, len(stream)]:
        found += list(framer.feed(stream[position : position + size]))
        position += size
    assert found == objects
    assert not framer.pending


@given(OBJECTS, st.data())
@examples(100)
def test_a_truncated_object_is_never_taken_for_a_whole_one(one: Any, data: st.DataObject) -> None:
    text = json.dumps(one).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    framer = Framer()
    assert list(framer.feed(text[:cut])) == []
    assert framer.pending == bool(cut)
    assert list(framer.feed(text[cut:])) == [one]


@pytest.mark.parametrize("text", [b"[1]", b"x{}", b"}{", b'{"a":}', b'{"a" 1}', b'"{}"', b"{,}"])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(ProtocolError, match="peer sent"):
        list(Framer().feed(text))


def test_a_message_beyond_the_limit_is_refused() -> None:
    framer = Framer(limit=1000)
    assert list(framer.feed(b'{"a":"' + b"x" * 900)) == []
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        list(framer.feed(b"x" * 100))


def test_a_huge_message_in_small_pieces_takes_linear_time() -> None:
    """One scan per byte: what would be quadratic would not end here."""
    rows = [{"name": f"vx{i}", "options": ["map", [["key", str(i)]]]} for i in range(20000)]
    text = json.dumps({"result": rows, "blob": "y" * 1000000}).encode()
    framer, found = Framer(), []
    for start in range(0, len(text), 500):
        found += list(framer.feed(text[start : start + 500]))
    assert found == [json.loads(text)]


Script = Callable[[socket.socket], None]


@pytest.fixture
def peer(tmp_path: Path) -> Callable[[Script], Remote]:
    """Starts a peer that follows a script on its first connection."""

    def start(script: Script) -> Remote:
        path = tmp_path / "peer.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(1)

        def serve() -> None:
            stream, _address = listener.accept()
            with stream:
                script(stream)

        threading.Thread(target=serve, daemon=True).start()
        return parse(f"unix:{path}")

    return start


def _request(stream: socket.socket) -> dict[str, Any]:
    return dict(json.loads(stream.recv(65536)))


def test_echoes_are_answered_and_notifications_kept(peer: Callable[[Script], Remote]) -> None:
    answers: list[dict[str, Any]] = []

    def script(stream: socket.socket) -> None:
        request = _request(stream)
        stream.sendall(b'{"id":"echo","method":"echo","params":["hi"]}')
        answers.append(_request(stream))
        stream.sendall(b'{"id":null,"method":"update","params":[null,1]}')
        stream.sendall(b'{"id":99,"result":"late answer to nobody","error":null}')
        stream.sendall(json.dumps({"id": request["id"], "result": 42, "error": None}).encode())

    with Connection(peer(script), Deadline(10)) as connection:
        assert connection.call("get", [], Deadline(10)) == 42
        assert connection.notification(Deadline(10)) == ("update", [None, 1])
    assert answers == [{"id": "echo", "result": ["hi"], "error": None}]


def test_an_error_is_raised_with_its_details(peer: Callable[[Script], Remote]) -> None:
    def script(stream: socket.socket) -> None:
        error = {"error": "unknown database", "details": "no such"}
        answer = {"id": _request(stream)["id"], "result": None, "error": error}
        stream.sendall(json.dumps(answer).encode())

    with (
        Connection(peer(script), Deadline(10)) as connection,
        pytest.raises(RemoteError, match="unknown database: no such"),
    ):
        connection.call("transact", [], Deadline(10))


@pytest.mark.parametrize(
    ("error", "remedy"), [("I/O error", "disk"), ("constraint violation", "log of ovsdb-server")]
)
def test_a_refused_transaction_has_a_remedy(
    peer: Callable[[Script], Remote], error: str, remedy: str
) -> None:
    def script(stream: socket.socket) -> None:
        refusal = {"error": error, "details": "write failed"}
        answer = {"id": _request(stream)["id"], "result": [refusal], "error": None}
        stream.sendall(json.dumps(answer).encode())

    with (
        Connection(peer(script), Deadline(10)) as connection,
        pytest.raises(ApplyError, match=f"{error}: write failed") as caught,
    ):
        transact(connection, [{"op": "comment", "comment": "x"}], 10.0)
    assert remedy in str(caught.value.remedy)


@pytest.mark.parametrize("sent", [b"", b'{"id":1,"resu'])
def test_a_silent_peer_meets_the_deadline(peer: Callable[[Script], Remote], sent: bytes) -> None:
    done = threading.Event()

    def script(stream: socket.socket) -> None:
        _request(stream)
        stream.sendall(sent)
        done.wait(30)

    with (
        Connection(peer(script), Deadline(10)) as connection,
        pytest.raises(DeadlinePassed, match=r"did not answer within 0\.2 s") as caught,
    ):
        connection.call("transact", [], Deadline(0.2))
    done.set()
    assert caught.value.remedy


@pytest.mark.parametrize(("sent", "words"), [(b"", "closed"), (b'{"id":1', "middle of a message")])
def test_a_peer_that_goes_is_noticed(
    peer: Callable[[Script], Remote], sent: bytes, words: str
) -> None:
    def script(stream: socket.socket) -> None:
        _request(stream)
        stream.sendall(sent)

    with (
        Connection(peer(script), Deadline(10)) as connection,
        pytest.raises(ProtocolError, match=words),
    ):
        connection.call("transact", [], Deadline(10))


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="start Open vSwitch"):
        Connection(parse(f"unix:{tmp_path}/absent.sock"), Deadline(1))


@pytest.mark.parametrize(
    ("text", "shown", "local"),
    [
        ("unix:/run/db.sock", "unix:/run/db.sock", True),
        ("tcp:127.0.0.1", "tcp:127.0.0.1:6640", True),
        ("tcp:[::1]:7000", "tcp:[::1]:7000", True),
        ("tcp:198.18.0.1:6641", "tcp:198.18.0.1:6641", False),
        ("tcp:[2001:db8::1]:6641", "tcp:[2001:db8::1]:6641", False),
    ],
)
def test_remotes(text: str, shown: str, local: bool) -> None:
    remote = parse(text)
    assert (str(remote), remote.local) == (shown, local)


@pytest.mark.parametrize(
    "text",
    ["", "unix:db.sock", "/run/db.sock", "tcp:", "tcp:::1:6640", "tcp:h:0", "tcp:h:65536", "udp:h"],
)
def test_no_remotes(text: str) -> None:
    with pytest.raises(InputError, match="is not an OVSDB address"):
        parse(text)


def test_ssl_needs_its_keys() -> None:
    with pytest.raises(InputError, match="database_private_key"):
        parse("ssl:198.18.0.1")
