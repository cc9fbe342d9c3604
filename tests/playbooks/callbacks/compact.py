"""What changed, on which hosts and why: one line each. Hosts with the same news share a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: compact
type: stdout
short_description: Only what changed, on which hosts and why
description:
  - Prints one line per action. The actions also go to the file that TUNNELMESH_EVENTS names, one
    JSON object per line, for programs.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "compact"

    def __init__(self) -> None:
        super().__init__()
        self._task = ""
        self._news: dict[str, list[str]] = {}
        self._said: set[str] = set()
        path = os.environ.get("TUNNELMESH_EVENTS")
        self._events = Path(path) if path else None

    def _record(self, **event: Any) -> None:
        if self._events:
            with self._events.open("a") as stream:
                stream.write(json.dumps(event, default=str) + "\n")

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool = False) -> None:
        del is_conditional
        self._flush()
        self._task = task.get_name()

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self.v2_playbook_on_task_start(task)

    def v2_runner_on_ok(self, result: Any) -> None:
        host, outcome = result._host.get_name(), result._result
        changed = bool(outcome.get("changed"))
        actions = outcome.get("actions") or []
        action = result._task.action.rpartition(".")[2]
        self._record(host=host, task=self._task, action=action, changed=changed, actions=actions)
        for text in outcome.get("warnings") or ():
            self._once(f"    note: {text}")
        if changed:
            for line in [_line(action) for action in actions] or [self._task.split(" : ")[-1]]:
                self._news.setdefault(line, []).append(host)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._trouble(result, "failed", ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._trouble(result, "is unreachable", False)

    def _trouble(self, result: Any, word: str, ignored: bool) -> None:
        self._flush()
        host, text = result._host.get_name(), result._result.get("msg", "no message")
        self._record(host=host, task=self._task, failed=not ignored, msg=str(text))
        self._display.display(f"    {host} {word}: {self._task}\n      {text}")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._flush()
        rows = {host: stats.summarize(host) for host in sorted(stats.processed)}
        self._record(stats=rows)
        changed = sum(row["changed"] for row in rows.values())
        troubled = [h for h, row in rows.items() if row["failures"] or row["unreachable"]]
        summary = f"{len(rows)} hosts, {changed} tasks with changes"
        self._display.display(
            f"    = {summary}, trouble on {', '.join(troubled)}" if troubled else f"    = {summary}"
        )

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._display.display(text)

    def _flush(self) -> None:
        for line, hosts in self._news.items():
            self._display.display(f"    {' '.join(sorted(hosts)):<20} {line}")
        self._news = {}


def _line(action: dict[str, Any]) -> str:
    """One action of a module's result in words."""
    rest = {key: value for key, value in action.items() if key not in ("action", "why", "changes")}
    kind, name = next(iter(rest.items()), ("", ""))
    text = f"{action.get('action')} {'' if kind == 'path' else kind + ' '}{name}"
    details = "; ".join(
        f"{key}: {_short(change.get('before'))} -> {_short(change.get('after'))}"
        for key, change in (action.get("changes") or {}).items()
    )
    why = details or action.get("why")
    return f"{text} ({why})" if why else text


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return str(value)
