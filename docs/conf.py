"""Sphinx settings of the documentation; `make docs` builds it, tests/tools/ci/site.py says how."""

from __future__ import annotations

import zlib
from pathlib import Path

import yaml
from sphinx.application import Sphinx

_root = Path(__file__).resolve().parent.parent
_galaxy = yaml.safe_load((_root / "galaxy.yml").read_text(encoding="utf-8"))

project = f"{_galaxy['namespace']}.{_galaxy['name']}"
version = release = str(_galaxy["version"])
author = "the tunnelmesh.ovs authors"
copyright = f"2026, {author}"

extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
root_doc = "index"
# Of the pages that antsibull-docs makes: about environment variables, of which we have none.
exclude_patterns = ["environment_variables.rst"]
suppress_warnings = ["myst.header"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"{project} {version}"
html_theme_options = {
    "source_repository": _galaxy["repository"],
    "light_css_variables": {"color-brand-primary": "#0b5d7a", "color-brand-content": "#0b5d7a"},
    "dark_css_variables": {"color-brand-primary": "#6cc5e6", "color-brand-content": "#6cc5e6"},
}
html_show_sphinx = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"

# What the generated pages refer to in Ansible's own documentation. The list is short and kept
# here, so that the build needs no network.
_ANSIBLE = {
    "action_plugins": "plugins/action.html#",
    "ansible_configuration_settings": "reference_appendices/config.html#",
    "common_return_values": "reference_appendices/common_return_values.html#",
    "ansible_collections.ansible.builtin.template_module": (
        "collections/ansible/builtin/template_module.html#"
    ),
}


def _inventory(labels: dict[str, str]) -> bytes:
    """Return an inventory of labels as intersphinx reads it (format 2)."""
    lines = "".join(f"{name} std:label -1 {where} {name}\n" for name, where in labels.items())
    header = "# Sphinx inventory version 2\n# Project: ansible\n# Version: latest\n"
    note = "# The remainder of this file is compressed using zlib.\n"
    return (header + note).encode() + zlib.compress(lines.encode())


def setup(app: Sphinx) -> None:
    """Hand intersphinx the labels above as a file beside the built pages."""
    path = Path(app.outdir) / "ansible.inv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_inventory(_ANSIBLE))
    where = "https://docs.ansible.com/ansible/latest/"
    app.config.intersphinx_mapping = {"ansible": (where, str(path))}
