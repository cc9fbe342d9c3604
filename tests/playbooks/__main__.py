"""For Molecule: ``python -m tests.playbooks same|packets ...``.

``same INVENTORY HOST,...`` dry-runs the playbook mesh, runs it, and fails unless both did the same,
on exactly these hosts; prints what was done as JSON, host -> [[action, attribute], ...].

``packets FILE`` prints the VXLAN packets of a capture as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.playbooks.play import play
from tests.playbooks.wire import inner_ipv4, parse


def same(inventory: Path, expected: set[str], words: list[str]) -> int:
    """Dry run and run."""
    dry = play(inventory, "tunnelmesh.ovs.mesh", "--check", *words, show=False)
    run = play(inventory, "tunnelmesh.ovs.mesh", *words, show=False)
    problem = ""
    if dry.status or run.status:
        problem = f"a run failed: {dict(dry.failures) or dict(run.failures)}"
    elif dry != run:
        problem = "the run did something else than the dry run said"
    elif run.hosts != expected:
        problem = f"changes on {sorted(run.hosts)}, expected on {sorted(expected)}"
    print(json.dumps({host: run.actions(host) for host in sorted(run.hosts)}))
    if problem:
        print(problem, file=sys.stderr)
    return int(bool(problem))


def packets(file: Path) -> int:
    """The packets of a capture."""
    rows = [
        {
            "source": packet.source,
            "destination": packet.destination,
            "vni": packet.vni,
            "port": packet.port,
            "dont_fragment": packet.dont_fragment,
            "inner": inner_ipv4(packet),
        }
        for packet in parse(file.read_bytes())
    ]
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    verb, path, *rest = sys.argv[1:]
    if verb == "same":
        hosts = {host for host in rest[0].split(",") if host}
        sys.exit(same(Path(path), hosts, rest[1:]))
    sys.exit(packets(Path(path)))
