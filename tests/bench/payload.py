"""The file that Ansible runs on a managed host: a module, its libraries and its arguments."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.template import Templar

PYTHON = "/usr/bin/python3"


@functools.cache
def _load_once() -> None:
    """Make collections and the no-op module known to Ansible's loader."""
    init_plugin_loader()
    module_loader.add_directory(str(Path(__file__).with_name("library")))


def build(path: Path, module: str, check_mode: bool = False, **arguments: Any) -> list[str]:
    """Write the payload of a module call to ``path``; the command that runs it on its host."""
    _load_once()
    found = module_loader.find_plugin_with_context(module)
    internal = {
        "_ansible_check_mode": check_mode,
        "_ansible_diff": False,
        "_ansible_module_name": module,
        "_ansible_remote_tmp": "/tmp",
        "_ansible_keep_remote_files": False,
    }
    built = modify_module(
        module_name=found.resolved_fqcn or module,
        module_path=found.plugin_resolved_path,
        module_args={**arguments, **internal},
        templar=Templar(loader=DataLoader(), variables={}),
        task_vars={"ansible_python_interpreter": PYTHON},
        module_compression="ZIP_DEFLATED",
    )
    path.write_bytes(built.b_module_data)
    return [PYTHON, str(path)]
