"""Runs on a guest: reads module calls line by line, runs each in a fork, prints the results.

The fork starts with everything imported, so a call costs what the module itself does. The
module's own ``main()`` runs with Ansible's real ``AnsibleModule``; only the transfer by Ansible
is left out, which the playbook tests have.

A line is a JSON list of calls that run at the same time: {"module": NAME, "args": {...},
"check": bool}, and what is to go wrong, see :func:`spoil`. The answer is one line of JSON, the
list of the results; {"crash": TEXT} stands for a module that printed none, {"killed": true} for
one that was killed. The key ``netlink`` counts what the module sent to the kernel, ``ovsdb`` what
it asked of the database, and ``children`` names the processes that it started.
"""

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import traceback
from typing import Any

COLLECTION = "ansible_collections.tunnelmesh.ovs.plugins"
LIBRARIES = "/usr/lib/python3/dist-packages"
NETLINK_ROUTE, CTRL = 0, 16
RTM_NEWLINK, NLM_F_CREATE, OVS_NEW = 16, 0x400, 1
# Audit events of Python for a new process (docs.python.org, "Audit events table").
BIRTHS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"}
# Packages of which every file is loaded before the first call: product code loads much of it only
# when it is needed, and a fork would pay for that at each call.
PRELOADED = (
    "module_utils.core",
    "module_utils.kernel",
    "module_utils.ovsdb",
    "module_utils.access",
)
MODULES = ("ovs_datapath", "ovs_vxlan_port", "ovs_vxlan_tunnel", "ovs_access_port", "host_files")


def writes(socket: Any, request: Any) -> bool:
    """Whether a request changes something: NEW, DEL or SET, and not a question."""
    if socket._socket.proto == NETLINK_ROUTE:
        return bool(request.type % 4 != 2)  # RTM_NEW, DEL, GET, SET in this order
    return bool(request.type != CTRL)


def what(socket: Any, request: Any) -> str:
    """What a request does, as far as tests act on it: create or set a link, make a vport."""
    if socket._socket.proto == NETLINK_ROUTE:
        if request.type != RTM_NEWLINK:
            return ""
        return "create" if request.flags & NLM_F_CREATE else "set"
    return "vport" if request.type != CTRL and request.body[0] == OVS_NEW else ""


class Probe:
    """Counts the netlink requests of a module, and kills it or fails a request on the way.

    kill: SIGKILL after that many requests. refuse: (from, to, errno): requests of these numbers
    are not sent and answered with errno. mute: the answer to that request is lost, the socket's
    buffer has overflown. meddle: [what, script]: a shell script that runs right before the first
    request of that kind. Requests are counted from 1, dumps are not among them.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self.kill = request.get("kill")
        self.refuse = request.get("refuse")
        self.mute = request.get("mute")
        self.meddle = request.get("meddle")
        self.count: dict[str, Any] = {"requests": 0, "writes": 0, "dumps": 0}
        self.ovsdb: dict[str, int] = {}
        self.children: list[str] = []
        self.transport: Any = importlib.import_module(f"{COLLECTION}.module_utils.kernel.transport")
        self.chunk = self.transport.Netlink._chunk
        self.dump = self.transport.Netlink.dump
        ovsdb: Any = importlib.import_module(f"{COLLECTION}.module_utils.ovsdb.jsonrpc")
        self.connection = ovsdb.Connection
        self.call = self.connection.call

    def install(self) -> None:
        """Take the place of the two methods that everything goes through."""
        probe, netlink = self, self.transport.Netlink
        netlink._chunk = lambda socket, requests: probe.send(socket, requests)
        netlink.dump = lambda socket, message, body: probe.take(socket, message, body)
        self.connection.call = lambda one, *request: probe.ask(one, *request)
        sys.addaudithook(self.heed)
        if self.kill or self.refuse or self.mute or self.meddle:
            self.transport.CHUNK = 1

    def heed(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a child process. The interpreter calls this for all that it does."""
        if event in BIRTHS:
            self.children.append(f"{event} {arguments[:2]}")

    def ask(self, connection: Any, method: str, params: list[Any], deadline: Any) -> Any:
        """Count a request to the database; a transaction by whether it changes anything."""
        kind = method
        if method == "transact":
            writes = any(one["op"] not in ("select", "wait", "comment") for one in params[1:])
            kind = "write" if writes else "select"
        self.ovsdb[kind] = self.ovsdb.get(kind, 0) + 1
        return self.call(connection, method, params, deadline)

    def report(self) -> str:
        """What was counted, as a line of JSON."""
        found = {"netlink": self.count, "ovsdb": self.ovsdb, "children": self.children}
        return json.dumps(found)

    def take(self, socket: Any, message: int, body: bytes) -> Any:
        """Count a dump."""
        self.count["dumps"] += 1
        return self.dump(socket, message, body)

    def send(self, socket: Any, requests: Any) -> Any:
        """Send one chunk, unless it is to fail."""
        self.count["requests"] += len(requests)
        self.count["writes"] += sum(writes(socket, request) for request in requests)
        number = self.count["requests"]
        if self.meddle and what(socket, requests[0]) == self.meddle[0]:
            script, self.meddle = self.meddle[1], None
            subprocess.run(["sh", "-ec", script], check=True)
        if self.refuse and self.refuse[0] <= number <= self.refuse[1]:
            return [self.transport.Reply(self.refuse[2])]
        if self.kill == number:
            socket._send(requests)
            os.kill(os.getpid(), signal.SIGKILL)
        replies = self.chunk(socket, requests)
        if self.mute == number:
            errors = importlib.import_module(f"{COLLECTION}.module_utils.core.errors")
            raise errors.ApplyError("netlink receive failed: No buffer space available", errno=105)
        return replies


def spoil(request: dict[str, Any]) -> Probe:
    """Take from this process what the call is to go without.

    uid: run as that user. bare: without the system's Python libraries. patience: seconds that it
    waits for the lock. sabotage: see saboteur.py. For kill, refuse, mute and
    meddle see Probe.
    """
    if request.get("bare"):
        sys.path.remove(LIBRARIES)
        gone = ("pyroute2", COLLECTION)
        for name in [name for name in sys.modules if name.startswith(gone)]:
            del sys.modules[name]
    probe = Probe(request)
    probe.install()
    if "sabotage" in request:
        saboteur = importlib.import_module("saboteur").Saboteur(**request["sabotage"])
        saboteur.install()
        probe.count["points"] = saboteur.points
    if "patience" in request:
        namespace = importlib.import_module(f"{COLLECTION}.module_utils.kernel.namespace")
        namespace.Lock.__init__.__defaults__ = (request["patience"],)
    if "uid" in request:
        os.setgroups([])
        os.setresgid(*[request["uid"]] * 3)
        os.setresuid(*[request["uid"]] * 3)
    return probe


def call(request: dict[str, Any]) -> None:
    """Run one module in this process; it prints its result and exits."""
    from ansible.module_utils import basic

    arguments = {"_ansible_check_mode": request.get("check", False), "_ansible_diff": True}
    arguments.update(request["args"])
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    name = f"{COLLECTION}.modules.{request['module']}"
    sys.argv = [name]
    importlib.import_module(name).main()


def child(request: dict[str, Any], output: int) -> None:
    """The fork: standard output and error go to ``output``."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 1
    try:
        probe = spoil(request)
        try:
            call(request)
        except SystemExit:
            code = 0
        except BaseException:  # noqa: BLE001 - shown as a crash by the caller
            traceback.print_exc()
        finally:
            print("\n" + probe.report())
    finally:
        sys.stdout.flush()
        os._exit(code)


def start(request: dict[str, Any]) -> tuple[int, int]:
    """Fork; the process id and the end of the pipe that its output comes out of."""
    importlib.import_module(f"{COLLECTION}.modules.{request['module']}")  # once, not in every fork
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        child(request, writer)
    os.close(writer)
    return pid, reader


def finish(pid: int, reader: int) -> dict[str, Any]:
    """Wait for a fork and take its result from what it printed."""
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read().decode("utf-8", "replace")
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return {"killed": True}
    answers = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if len(answers) < 2:
        return {"crash": output}
    answer: dict[str, Any] = {**answers[-2], **answers[-1]}
    return answer


def main() -> None:
    """Serve until the connection closes."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    import ansible.module_utils.basic  # noqa: F401
    import pyroute2  # noqa: F401

    for name in MODULES:
        importlib.import_module(f"{COLLECTION}.modules.{name}")
    for name in PRELOADED:
        package = importlib.import_module(f"{COLLECTION}.{name}")
        for part in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(part.name)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        running = [start(request) for request in json.loads(line)]
        print(json.dumps([finish(*one) for one in running]), flush=True)


if __name__ == "__main__":
    main()
