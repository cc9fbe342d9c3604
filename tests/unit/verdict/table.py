"""The table of problem codes as a page for people."""

from __future__ import annotations

import re

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import (
    CODES,
    DATA,
    HOST,
    MANAGEMENT,
    UNDERLAY,
)

PAGE = "docs/problem-codes.md"
PLANES = {
    MANAGEMENT: "Management plane: the database and ovs-vswitchd",
    DATA: "Data plane: devices, vports, flood lists and flows of the kernel",
    UNDERLAY: "Underlay: the way to the peer",
    HOST: "Host: what else is on it",
}
HEAD = """\
# Problem codes

What `tunnelmesh.ovs.ovs_vxlan_info`, `tunnelmesh.ovs.verify`, `tunnelmesh.ovs.report` and the event
source say when something is wrong. A code keeps its meaning. Of several problems of one tunnel the
root cause comes first, in the order of the list at the end.

*broken*: packets are lost. *warning*: they are not, or not yet, or not all. Words in *italics*
are filled in.

This page is made from `plugins/module_utils/verdict/codes.py` by `tests/tools/problem-codes`.
"""


def _cell(text: str) -> str:
    return re.sub(r"\{(\w+)\}", r"*\1*", text).replace("|", r"\|")


def markdown() -> str:
    """The whole page."""
    parts = [HEAD]
    for plane, title in PLANES.items():
        parts.append(f"\n## {title}\n\n| code | | cause | remedy |\n|---|---|---|---|\n")
        parts += [
            f"| `{one.code}` | {one.severity} | {_cell(one.cause)} | {_cell(one.remedy)} |\n"
            for one in CODES.values()
            if one.plane == plane
        ]
    order = ", ".join(f"`{code}`" for code in CODES)
    parts.append(f"\n## From root cause to symptom\n\n{order}\n")
    return "".join(parts)
