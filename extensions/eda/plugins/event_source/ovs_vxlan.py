# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source: tells when a VXLAN tunnel or port of ours drifts, and when it is well again."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
short_description: Tell when a VXLAN tunnel or port drifts, and when it is well again
description:
  - Follows the host that it runs on. It hears the kernel's notices about vports and datapaths of
    openvswitch, network devices, flood lists and addresses; when the kernel is calm again it takes
    one look, as M(tunnelmesh.ovs.ovs_vxlan_info) does, and tells what is new and what is solved.
  - It tells of tunnels and ports that carry a mark of this collection, or are declared in
    O(ports) or O(tunnels). Things of others cause no event.
  - For every problem there is one event when it comes and one when it is gone, however many
    tunnels it affects. What is wrong already when it starts is told, too.
  - No notice is lost in silence. When the kernel had to drop some, the whole host is looked at;
    and it is looked at after each O(interval) in any case, for what the kernel tells nobody, such
    as a daemon that hangs, BFD, or routes.
  - Runs of this collection are not taken for drift. What a run on bare datapaths changes is what is
    expected from then on. Without O(ports), what is remembered is what was there when it started,
    so start it when the mesh stands.
  - An event with RV(state) V(blind) says that a look failed. It is taken again.
requirements:
  - Linux, Python 3.9
  - root, to read the database of Open vSwitch
options:
  owner:
    description: Only what carries the mark of this owner. The role vxlan_mesh uses V(vxlan_mesh).
    type: str
  ports:
    description: The ports that were declared, as they were given to
      M(tunnelmesh.ovs.ovs_vxlan_port). Without it, ports that carry a mark are remembered.
    type: list
    elements: dict
  tunnels:
    description: The tunnels that were declared, as they were given to
      M(tunnelmesh.ovs.ovs_vxlan_tunnel). Without it, the rows of the database are what is declared.
    type: list
    elements: dict
  debounce:
    description: Seconds, 0 to 86400, without a notice that are waited for before a look. Where
      notices do not end, four times as many.
    type: float
    default: 0.5
  settle:
    description: Seconds, 0 to 86400, that passing states get, such as BFD coming up.
    type: float
    default: 5
  interval:
    description: Seconds, 0 to 86400, after which the host is looked at without a notice; 0 is
      never.
    type: float
    default: 60
  host:
    description: Name of the host in events. By default its node name; a rulebook that limits a
      playbook to it needs its inventory name here.
    type: str
  database:
    description: Where ovsdb-server of this host listens, by default
      C(unix:/var/run/openvswitch/db.sock).
    type: str
"""

EXAMPLES = r"""
- name: Repair the mesh where it drifts
  hosts: all
  sources:
    - tunnelmesh.ovs.ovs_vxlan:
        owner: vxlan_mesh
        host: hv1
  rules:
    - name: A port or tunnel of the mesh is broken
      condition: event.state == "new" and event.severity == "broken"
      action:
        run_playbook:
          name: tunnelmesh.ovs.mesh

# An event; all but state and host are as in `problems` of ovs_vxlan_info:
#   host: hv1
#   state: new              # new, solved, or blind
#   code: device_down       # docs/problem-codes.md
#   plane: data
#   severity: broken
#   cause: vx100 is down, which closed its UDP port
#   culprit: vx100
#   remedy: ip link set vx100 up; find out what set it down (NetworkManager, a script)
#   affects: [vx100]
#   remotes: []
"""


def _import_path() -> None:
    """Rulebook engines run this file by its path, and know nothing of collections in Python."""
    root = Path(__file__).absolute().parents[7]
    if (root / "ansible_collections").is_dir() and str(root) not in sys.path:
        sys.path.append(str(root))


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Put an event into ``queue`` for every problem that comes or goes, until cancelled."""
    _import_path()
    from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.follow import (
        Follower,
        options,
    )

    follower = Follower(options(args))
    try:
        await follower.run(queue.put)
    finally:
        follower.close()


class _Printer(asyncio.Queue):  # type: ignore[type-arg]
    """A queue that prints every event as a line of JSON."""

    async def put(self, item: Any) -> None:
        """Print it."""
        print(json.dumps(item), flush=True)


if __name__ == "__main__":
    # Without an engine: one argument, the options as JSON; events are lines of JSON.
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(_Printer(), json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
