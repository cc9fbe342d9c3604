"""For Molecule: ``python -m tests.playbooks same|flood ...``.

``same INVENTORY HOST,...`` dry-runs the playbook mesh, runs it, and fails unless both did the same,
on exactly these hosts; prints what was done as JSON, host -> [[action, attribute], ...].

``flood LAB HOST ADDRESS VNI PATH ...`` sends broadcasts from a host to a broadcast address, and
fails unless the underlay carries each exactly once on each path (``host > host``) and on no other.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.playbooks.flood import BROADCASTS, Lab, flood
from tests.playbooks.play import play


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


def flooded(name: str, origin: str, address: str, vni: int, paths: list[str]) -> int:
    """Every broadcast on every path once."""
    seen = flood(Lab(name, quiet=True), origin, address, vni, paths)
    print(json.dumps(seen))
    if seen == dict.fromkeys(paths, BROADCASTS):
        return 0
    print(f"of {BROADCASTS} broadcasts the underlay carried {dict(seen)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    verb, first, *rest = sys.argv[1:]
    if verb == "same":
        hosts = {host for host in rest[0].split(",") if host}
        sys.exit(same(Path(first), hosts, rest[1:]))
    sys.exit(flooded(first, rest[0], rest[1], int(rest[2]), rest[3:]))
