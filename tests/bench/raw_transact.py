"""The least that N tunnels can cost: one JSON-RPC transaction, and waiting for ovs-vswitchd.

A program of its own, to be run as ``python3 raw_transact.py SOCKET BRIDGE COUNT``; it shares no
line with the collection. Standard library only.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any


class Peer:
    """A connection to ovsdb-server."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._text = ""

    def send(self, method: str, params: list[Any]) -> None:
        """Send a request."""
        message = {"method": method, "params": params, "id": method}
        self._socket.sendall(json.dumps(message).encode())

    def receive(self) -> Any:
        """The next message."""
        decoder = json.JSONDecoder()
        while True:
            try:
                message, end = decoder.raw_decode(self._text)
            except ValueError:
                data = self._socket.recv(1 << 20)
                if not data:
                    raise SystemExit("ovsdb-server closed the connection") from None
                self._text += data.decode()
            else:
                self._text = self._text[end:]
                return message


def operations(bridge: str, count: int) -> list[Any]:
    """Interface and Port rows, the bridge's new ports, and the next configuration number."""
    found: list[Any] = []
    ports = []
    for number in range(count):
        name = f"vx{number}"
        remote = f"198.18.{number // 250}.{number % 250 + 1}"
        options = ["map", [["remote_ip", remote], ["key", str(number)], ["dst_port", "4789"]]]
        marks = ["map", [["owner", "raw"]]]
        row = {"name": name, "type": "vxlan", "options": options, "external_ids": marks}
        found.append({"op": "insert", "table": "Interface", "uuid-name": f"i{number}", "row": row})
        port = {"name": name, "interfaces": ["named-uuid", f"i{number}"]}
        found.append({"op": "insert", "table": "Port", "uuid-name": f"p{number}", "row": port})
        ports.append(["named-uuid", f"p{number}"])
    found.append(
        {
            "op": "mutate",
            "table": "Bridge",
            "where": [["name", "==", bridge]],
            "mutations": [["ports", "insert", ["set", ports]]],
        }
    )
    root: dict[str, Any] = {"table": "Open_vSwitch", "where": []}
    found.append({"op": "mutate", "mutations": [["next_cfg", "+=", 1]], **root})
    found.append({"op": "select", "columns": ["next_cfg"], **root})
    return found


def main(path: str, bridge: str, count: str) -> None:
    """Make the tunnels and wait until cur_cfg has come up."""
    peer = Peer(path)
    peer.send("transact", ["Open_vSwitch", *operations(bridge, int(count))])
    results = peer.receive()["result"]
    errors = [entry for entry in results if entry and entry.get("error")]
    if errors:
        raise SystemExit(f"refused: {errors[0]}")
    target = results[-1]["rows"][0]["next_cfg"]
    watched = {"Open_vSwitch": {"columns": ["cur_cfg"]}}
    peer.send("monitor", ["Open_vSwitch", None, watched])
    while True:
        message = peer.receive()
        tables = message["params"][1] if message.get("method") == "update" else message["result"]
        for row in tables.get("Open_vSwitch", {}).values():
            if row.get("new", {}).get("cur_cfg", -1) >= target:
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
