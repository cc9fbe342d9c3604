"""Runs on a guest: reads module calls line by line, runs them, prints the results.

Everything is imported once, so a call costs what the module itself does. The module's own
``main()`` runs with Ansible's real ``AnsibleModule``; only the transfer by Ansible is left out,
which the playbook tests have. A call runs in this process, a fork costs a guest twenty times the
call; those that run at the same time, enter a namespace or are to die have a fork each.

A line is a JSON list of calls that run at the same time: {"module": NAME, "args": {...},
"check": bool}, and what is to go wrong, see :func:`spoiled` and :func:`deprive`. The answer is
one line of JSON, the list of the results; {"crash": TEXT} stands for a module that printed none,
{"killed": true} for one that was killed. The key ``netlink`` counts what the module sent to the
kernel, ``ovsdb`` what it asked of the database, and ``children`` names the processes that it
started.
"""

import contextlib
import importlib
import io
import json
import os
import pkgutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import saboteur as saboteurs  # type: ignore[import-not-found]

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
        self.size = self.transport.CHUNK
        self.chunk = self.transport.Netlink._chunk
        self.dump = self.transport.Netlink.dump
        ovsdb: Any = importlib.import_module(f"{COLLECTION}.module_utils.ovsdb.jsonrpc")
        self.connection = ovsdb.Connection
        self.call = self.connection.call

    def install(self) -> None:
        """Take the place of the methods that everything goes through."""
        global PROBE
        probe, netlink = self, self.transport.Netlink
        PROBE = self
        netlink._chunk = lambda socket, requests: probe.send(socket, requests)
        netlink.dump = lambda socket, message, body: probe.take(socket, message, body)
        self.connection.call = lambda one, *request: probe.ask(one, *request)
        if self.kill or self.refuse or self.mute or self.meddle:
            self.transport.CHUNK = 1

    def remove(self) -> None:
        """Put the methods back."""
        global PROBE
        PROBE = None
        self.transport.Netlink._chunk, self.transport.Netlink.dump = self.chunk, self.dump
        self.connection.call = self.call
        self.transport.CHUNK = self.size

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


PROBE: Probe | None = None


def heed(event: str, arguments: tuple[Any, ...]) -> None:
    """Note a child process. The interpreter calls this for all that it does, from start to end."""
    if PROBE and event in BIRTHS:
        PROBE.children.append(f"{event} {arguments[:2]}")


@contextlib.contextmanager
def spoiled(request: dict[str, Any]) -> Iterator[Probe]:
    """Count what the module does, and let happen to it what the call wants.

    For kill, refuse, mute and meddle see Probe, for sabotage see saboteur.py.
    """
    probe = Probe(request)
    probe.install()
    saboteur = None
    if "sabotage" in request:
        saboteur = saboteurs.Saboteur(**request["sabotage"])
        saboteur.install()
        probe.count["points"] = saboteur.points
    try:
        yield probe
    finally:
        if saboteur:
            saboteur.remove()
        probe.remove()


def deprive(request: dict[str, Any]) -> None:
    """Take from this process what the call is to go without.

    uid: run as that user. bare: without the system's Python libraries. patience: seconds that it
    waits for the lock.
    """
    if request.get("bare"):
        sys.path.remove(LIBRARIES)
        gone = ("pyroute2", COLLECTION)
        for name in [name for name in sys.modules if name.startswith(gone)]:
            del sys.modules[name]
    if "patience" in request:
        namespace = importlib.import_module(f"{COLLECTION}.module_utils.kernel.namespace")
        namespace.Lock.__init__.__defaults__ = (request["patience"],)
    if "uid" in request:
        os.setgroups([])
        os.setresgid(*[request["uid"]] * 3)
        os.setresuid(*[request["uid"]] * 3)


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


def needs_fork(request: dict[str, Any]) -> bool:
    """Whether a call leaves something behind in the process that runs it, or ends it."""
    deadly = request.get("sabotage", {}).get("how", "").startswith("kill")
    deprived = {"kill", "uid", "bare", "patience"} & set(request)
    return bool(deadly or deprived or request["args"].get("netns"))


def forget() -> None:
    """Let Ansible forget the warnings of the call before: it keeps them in its modules."""
    kept = importlib.import_module("ansible.module_utils.common.warnings")
    for name in ("_global_warnings", "_global_deprecations"):
        getattr(kept, name).clear()


def printed(request: dict[str, Any]) -> str:
    """Run a module; all that it printed, and what was counted, as the last line."""
    output = io.StringIO()
    with (
        spoiled(request) as probe,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            call(request)
        except SystemExit:
            pass
        except BaseException:  # noqa: BLE001 - shown as a crash by the caller
            traceback.print_exc()
    return f"{output.getvalue()}\n{probe.report()}\n"


def child(request: dict[str, Any], output: int) -> None:
    """The fork: what is printed goes to ``output``."""
    try:
        deprive(request)
        text = printed(request)
    except BaseException:  # noqa: BLE001 - shown as a crash by the caller
        text = traceback.format_exc()
    with os.fdopen(output, "w") as pipe:
        pipe.write(text)
    os._exit(0)


def start(request: dict[str, Any]) -> tuple[int, int]:
    """Fork; the process id and the end of the pipe that its output comes out of."""
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
    return result(output)


def result(output: str) -> dict[str, Any]:
    """What the module printed and what the probe counted, out of all that was printed."""
    answers = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if len(answers) < 2:
        return {"crash": output}
    answer: dict[str, Any] = {**answers[-2], **answers[-1]}
    return answer


def main() -> None:
    """Serve until the connection closes."""
    import ansible.module_utils.basic  # noqa: F401
    import pyroute2  # noqa: F401

    for name in MODULES:
        importlib.import_module(f"{COLLECTION}.modules.{name}")
    for name in PRELOADED:
        package = importlib.import_module(f"{COLLECTION}.{name}")
        for part in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(part.name)
    sys.addaudithook(heed)
    sys.addaudithook(saboteurs.heed)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        requests = json.loads(line)
        for request in requests:  # once, not in every fork
            importlib.import_module(f"{COLLECTION}.modules.{request['module']}")
        if len(requests) == 1 and not needs_fork(requests[0]):
            forget()
            answers = [result(printed(requests[0]))]
        else:
            answers = [finish(*one) for one in [start(request) for request in requests]]
        print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main()
