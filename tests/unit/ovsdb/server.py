# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ovsdb-server and ovs-vswitchd as threads: JSON-RPC over a real unix socket, faults on demand."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.ovsdb import options
from tests.unit.ovsdb.database import DEFAULTS, EMPTY_SET, Database


class Vswitchd:
    """Gives out OpenFlow numbers as ovs-vswitchd 3.1 does, and refuses as it does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[str, ...]] = {}
        self._next = 1
        self.refuses: Callable[[str], str] = lambda _name: ""

    def follow(self) -> None:
        """Carry out what the database says and confirm it.

        A new tunnel is refused while a tunnel with its identity was there a moment ago, even one
        that goes in the same round; the next round then succeeds.
        """
        before = dict(self._known)
        for row in self._database.tables["Interface"].values():
            if row["type"] != "vxlan":
                row["ofport"] = 65534
                continue
            identity = options.identity(dict(row["options"][1]))
            taken = {other for name, other in before.items() if name != row["name"]}
            fresh = row["name"] not in before
            error = self.refuses(row["name"])
            if fresh and identity in taken:
                error = f"could not add network device {row['name']} to ofproto (File exists)"
            row["error"], row["ofport"] = (error, -1) if error else (EMPTY_SET, self._number(row))
            if not error:
                self._known[row["name"]] = identity
        names = {row["name"] for row in self._database.tables["Interface"].values()}
        self._known = {name: known for name, known in self._known.items() if name in names}
        (root,) = self._database.tables["Open_vSwitch"].values()
        root["cur_cfg"] = root["next_cfg"]

    def _number(self, row: dict[str, Any]) -> int:
        for column in ("ofport_request", "ofport"):
            if isinstance(row[column], int) and row[column] > 0:
                return int(row[column])
        self._next += 1
        return self._next


class Server:
    """Serves a database on a unix socket.

    :param hung: ovs-vswitchd does not follow.
    :param dies_after: transactions of the client that are answered before connections break.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = Database()
        self.vswitchd = Vswitchd(self.database)
        self.hung = False
        self.dies_after: int | None = None
        self.before_transaction: Callable[[], None] = lambda: None
        self.transactions: list[list[dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
        self.path.unlink()

    def edit(self, operations: list[dict[str, Any]]) -> list[Any]:
        """A transaction of somebody else."""
        with self._lock:
            results = self.database.transact(operations)
            self.vswitchd.follow()
        return results

    def _accept(self) -> None:
        while True:
            try:
                stream, _peer = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        decoder, text = json.JSONDecoder(), ""
        with stream:
            # A probe, as ovsdb-server sends them: it wants an answer, and is no notification.
            stream.sendall(b'{"id":"echo","method":"echo","params":["x"]}')
            while data := stream.recv(1 << 16):
                text += data.decode()
                while text:
                    try:
                        message, end = decoder.raw_decode(text)
                    except ValueError:
                        break
                    text = text[end:]
                    if "method" in message and not self._answer(stream, message):
                        return

    def _answer(self, stream: socket.socket, message: dict[str, Any]) -> bool:
        """Answer one request; False: break the connection instead."""
        if message["method"] == "monitor":
            (root,) = self.database.tables["Open_vSwitch"].values()
            result: Any = {"Open_vSwitch": {"r": {"new": {"cur_cfg": root["cur_cfg"]}}}}
        elif message["method"] == "monitor_cond":
            with self._lock:
                result = self._initial(message["params"][2])
        else:
            operations = message["params"][1:]
            writes = any(one["op"] not in ("select", "wait") for one in operations)
            if writes:
                self.before_transaction()
            with self._lock:
                result = self.database.transact(operations)
                if writes and "error" not in (result[-1] or {}):
                    self.transactions.append(operations)
                    if not self.hung:
                        self.vswitchd.follow()
            if self.dies_after is not None and len(self.transactions) > self.dies_after:
                return False
        answer = {"id": message["id"], "result": result, "error": None}
        stream.sendall(json.dumps(answer).encode())
        return True

    def _initial(self, watched: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        """Rows without the columns that have their default, as update2 has them."""
        result: dict[str, Any] = {}
        for table, (request,) in watched.items():
            for uuid, row in self.database.tables[table].items():
                shown = {
                    column: row[column]
                    for column in request["columns"]
                    if row[column] != DEFAULTS[table][column]
                }
                result.setdefault(table, {})[uuid] = {"initial": shown}
        return result


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server in a folder."""
    server = Server(folder / "db.sock")
    try:
        yield server
    finally:
        server.close()
