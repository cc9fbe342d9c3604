# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as one self-contained HTML file. Private to this collection."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import jinja2
from markupsafe import Markup

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import view
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.model import Report


def render(
    report: Report, template: Path, baseline: Optional[Mapping[str, Any]] = None, title: str = ""
) -> str:
    """The page. Everything is escaped by the template engine: names and causes are untrusted.

    :param template: a Jinja2 file; what it includes lies beside it.
    :param baseline: document of an earlier report to compare with.
    """
    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assets = {
        name: (template.parent / file).read_text(encoding="utf-8")
        for name, file in (("style", "style.css"), ("script", "script.js"))
    }
    shown = view.page(report, baseline, title)
    shown["document"] = Markup(shown["document"])  # document.dump has escaped it
    return engine.get_template(template.name).render(
        **shown,
        **{name: Markup(text) for name, text in assets.items()},
        # Of whatever else might get into the page, the browser runs and fetches nothing.
        **{f"{name}_hash": _hash(text) for name, text in assets.items()},
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
