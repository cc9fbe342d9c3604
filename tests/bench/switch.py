"""A private Open vSwitch: own daemons, own database, userspace datapath, nothing of the machine's.

It has to run inside a network namespace of its own, see __main__.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import fetch

BRIDGE = "br0"


class Switch:
    """One pair of daemons. ``fresh`` starts them anew with an empty bridge.

    Daemons are restarted rather than bridges deleted: deleting is quadratic in ovs-vswitchd, and
    after tens of thousands of ports the allocator of OpenFlow numbers wraps.
    """

    def __init__(self, enter: Sequence[str] = ()) -> None:
        """Nothing runs yet.

        :param enter: command prefix of ovs-vswitchd, such as for a namespace of its own.
        """
        self._enter = enter
        self._files = fetch.switch()
        self.folder = Path(tempfile.mkdtemp(prefix="tmbench-"))
        self.environment = {
            **os.environ,
            "PATH": f"{self._files}/usr/bin:{self._files}/usr/sbin:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": f"{self._files}/usr/lib/x86_64-linux-gnu",
            **{f"OVS_{name}DIR": str(self.folder) for name in ("RUN", "LOG", "DB", "SYSCONF")},
            "OVS_PKGDATADIR": f"{self._files}/usr/share/openvswitch",
        }

    @property
    def database(self) -> str:
        """Address of the database."""
        return f"unix:{self.folder}/db.sock"

    def call(self, *command: str) -> str:
        """Run a program of Open vSwitch; what it printed."""
        return subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def fresh(self, bridges: Sequence[str] = (BRIDGE,)) -> None:
        """Empty database, new daemons, empty bridges."""
        self.stop()
        database = self.folder / "conf.db"
        database.unlink(missing_ok=True)
        schema = f"{self.environment['OVS_PKGDATADIR']}/vswitch.ovsschema"
        self.call("ovsdb-tool", "create", str(database), schema)
        daemon = ["--pidfile", "--detach", "--no-chdir", "-vconsole:off", "-vfile:off"]
        self.call("ovsdb-server", str(database), f"--remote=p{self.database}", *daemon)
        self.call("ovs-vsctl", "--no-wait", "init")
        vswitchd = f"{self._files}/usr/lib/openvswitch-switch/ovs-vswitchd"
        self.call(*self._enter, vswitchd, self.database, *daemon)
        for name in bridges:
            kind = ["set", "bridge", name, "datapath_type=netdev"]
            self.call("ovs-vsctl", "--timeout=60", "add-br", name, "--", *kind)

    def stop(self, *names: str) -> None:
        """Kill the named daemons, or both, and wait until they are gone."""
        for name in names or ("ovs-vswitchd", "ovsdb-server"):
            path = self.folder / f"{name}.pid"
            try:
                pid = int(path.read_text())
                os.kill(pid, signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, ValueError):
                continue
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.005)
            path.unlink(missing_ok=True)

    def tunnels(self) -> int:
        """How many tunnels ovs-vswitchd has accepted, by ovs-vsctl."""
        listed = self.call(
            "ovs-vsctl", "--bare", "--columns=ofport", "find", "Interface", "type=vxlan"
        )
        return len([line for line in listed.split() if int(line) > 0])

    def close(self) -> None:
        """Stop it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
