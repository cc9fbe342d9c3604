# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merges what all hosts saw into a report. Documented in the module of the same name."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import TunnelMeshError
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.fleet import plan
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import (
    document,
    junit,
    merge,
    record,
    table,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.model import Record, Report
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import BROKEN
from ansible_collections.tunnelmesh.ovs.plugins.plugin_utils.page import render

OPTIONS = {
    "plan": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "variable": {"type": "str", "default": "vxlan_mesh_looked"},
    "json": {"type": "path"},
    "junit": {"type": "path"},
    "html": {"type": "path"},
    "template": {"type": "path"},
    "title": {"type": "str", "default": "VXLAN mesh"},
    "baseline": {"type": "path"},
    "fail_when_broken": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Everything happens on the controller; no host is contacted."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Print the table, write the files, fail when something is broken."""
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(OPTIONS)
        try:
            fleet = plan.load(str(options["plan"]))
            baseline = _baseline(options["baseline"])
            records = _records((task_vars or {})["hostvars"], options["hosts"], options["variable"])
            started = min((at for at, _seen in records.values()), default=time.time())
            report = merge.merge(
                fleet,
                {name: seen for name, (_at, seen) in records.items()},
                options["hosts"],
                _iso(started),
                time.time() - started,
            )
            files = _files(report, options, baseline)
        except (ValueError, TunnelMeshError) as error:
            raise AnsibleActionFail(str(error)) from error
        for path, text in files.items():
            _write(Path(path), text)
        Display().display("\n" + table.table(report))
        failed = bool(options["fail_when_broken"]) and report.status == BROKEN
        return {
            "changed": False,
            "failed": failed,
            "status": report.status,
            "summary": {"hosts": len(report.hosts), **report.counts},
            "files": list(files),
            "msg": table.headline(report) if failed else table.summary(report),
        }


def _records(hostvars: Any, hosts: list[str], variable: str) -> dict[str, tuple[float, Record]]:
    """What the hosts registered, with the time of it; hosts without are left out."""
    found = {}
    for name in hosts:
        seen = hostvars[name].get(variable)
        if isinstance(seen, Mapping) and seen.get("record"):
            found[name] = (float(seen.get("at") or time.time()), record.load(str(seen["record"])))
    return found


def _iso(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _baseline(path: str | None) -> dict[str, Any] | None:
    if not path:
        return None
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise AnsibleActionFail(f"the baseline {path} cannot be read: {error}") from error
    return document.load(text, path)


def _files(
    report: Report, options: Mapping[str, Any], baseline: dict[str, Any] | None
) -> dict[str, str]:
    """Path -> content of every file that is asked for."""
    found = {}
    if options["json"]:
        found[options["json"]] = document.dump(document.document(report)) + "\n"
    if options["junit"]:
        found[options["junit"]] = junit.junit(report)
    if options["html"]:
        if not options["template"]:
            raise AnsibleActionFail("option html needs option template")
        found[options["html"]] = render(
            report, Path(options["template"]), baseline, str(options["title"])
        )
    return found


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnsibleActionFail(f"{path} cannot be written: {error.strerror}") from error
