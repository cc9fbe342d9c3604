"""Runs on a guest inside a module: lets one of its writes fail, or kills it there.

Every request to the database, every request to the kernel and every change of a file is a point,
counted from 1 in the order in which the module comes to them. At the chosen one something happens:

refuse   it is not carried out and answered with an error (of the database, or the errno given)
cut      the connection breaks before it
lose     it is carried out and the connection breaks before the answer
late     it is carried out and no answer comes in time
kill     SIGKILL before it
killed   SIGKILL right behind it
script   a shell script runs before it

A point is a number, or words that name the first one: "database transact".
"""

import errno
import importlib
import os
import signal
import subprocess
from typing import Any

UTILS = "ansible_collections.tunnelmesh.ovs.plugins.module_utils"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
PATHS = {"os.rename": 0, "os.remove": 0, "os.symlink": 1, "os.chmod": 0, "os.chown": 0}


ACTIVE: list["Saboteur"] = []


def heed(event: str, arguments: tuple[Any, ...]) -> None:
    """Let the one at work know what Python does: an audit hook stays as long as the process."""
    for saboteur in ACTIVE:
        saboteur.on_event(event, arguments)


class Saboteur:
    """One point and what happens there."""

    def __init__(
        self,
        point: int | str = 0,
        how: str = "",
        error: int = errno.EPERM,
        root: str = "\0",
        script: str = "",
    ) -> None:
        self.point, self.how, self.error, self.root = point, how, error, root
        self.script = script
        self.points: list[str] = []

    def install(self) -> None:
        """Take the place of what everything goes through."""
        jsonrpc: Any = importlib.import_module(f"{UTILS}.ovsdb.jsonrpc")
        transport: Any = importlib.import_module(f"{UTILS}.kernel.transport")
        self.jsonrpc, self.transport, self.size = jsonrpc, transport, transport.CHUNK
        self.send, self.chunk = jsonrpc.Connection._send, transport.Netlink._chunk
        jsonrpc.Connection._send = lambda peer, message, deadline: self.on_send(
            peer, message, deadline
        )
        transport.Netlink._chunk = lambda netlink, requests: self.on_chunk(netlink, requests)
        transport.CHUNK = 1
        ACTIVE.append(self)

    def remove(self) -> None:
        """Put everything back."""
        ACTIVE.remove(self)
        self.jsonrpc.Connection._send, self.transport.Netlink._chunk = self.send, self.chunk
        self.transport.CHUNK = self.size

    def hits(self, what: str) -> bool:
        """Count a point; whether it is the one. A kill happens here."""
        self.points.append(what)
        if self.point not in (len(self.points), what):
            return False
        self.point = 0
        if self.how == "script":
            subprocess.run(["sh", "-ec", self.script], check=True, stdout=subprocess.DEVNULL)
            return False
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    def on_send(self, peer: Any, message: dict[str, Any], deadline: Any) -> None:
        """A message to ovsdb-server."""
        if "method" not in message or not self.hits(f"database {message['method']}"):
            self.send(peer, message, deadline)
        elif self.how == "refuse":
            refusal = {"error": "resources exhausted", "details": "on purpose"}
            transact = message["method"] == "transact"
            answer = {"result": [refusal], "error": None} if transact else {"error": refusal}
            peer._inbox.append({"id": message["id"], **answer})
        elif self.how == "cut":
            peer._socket.close()
            self.send(peer, message, deadline)
        else:
            self.send(peer, message, deadline)
            if self.how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            while peer._receive(deadline).get("id") != message["id"]:
                pass
            raise peer._late(deadline) if self.how == "late" else peer._closed("")

    def on_chunk(self, netlink: Any, requests: Any) -> Any:
        """A request to the kernel."""
        if not self.hits("kernel"):
            return self.chunk(netlink, requests)
        if self.how == "refuse":
            return [self.transport.Reply(self.error)]
        if self.how == "cut":
            raise self.failure("send", self.error)
        if self.how == "killed":
            netlink._send(requests)
            os.kill(os.getpid(), signal.SIGKILL)
        self.chunk(netlink, requests)
        raise self.failure("receive", errno.ENOBUFS)

    def failure(self, what: str, number: int) -> Exception:
        """What the transport raises where the system refuses a call."""
        text = f"netlink {what} failed: {os.strerror(number)}"
        found: Exception = self.jsonrpc.ApplyError(text, errno=number)
        return found

    def on_event(self, event: str, args: tuple[Any, ...]) -> None:
        """A change of a file; files outside ``root`` are not counted."""
        if event == "open":
            path, writes = args[0], bool((args[2] or 0) & WRITING)
        else:
            path, writes = args[PATHS[event]] if event in PATHS else None, event in PATHS
        below = isinstance(path, int) or os.fspath(path or "").startswith(self.root)
        if writes and below and self.root != "\0" and self.hits(f"file {event}"):
            raise OSError(self.error, os.strerror(self.error), str(path))
