"""What Ansible's community asks of a collection and no other linter looks at."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from tests.tools.ci.model import ROOT
from tests.tools.ci.process import Finished, run
from tests.tools.ci.tree import CACHE


def conventions() -> Finished:
    """Check them all; the output names what is missing."""
    wrong = [*execution_environment(), *action_group(), *role_files()]
    return Finished(int(bool(wrong)), "\n".join(wrong))


def execution_environment() -> Iterator[str]:
    """ansible-builder finds every dependency that the collection names."""
    found = run(["ansible-builder", "introspect", "--sanitize", CACHE / "collections"])
    if found.status:
        yield found.output
        return
    reported = yaml.safe_load(found.output)
    known = {line.partition("  #")[0] for lines in reported.values() for line in lines}
    for name in ("requirements.txt", "bindep.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        wanted = {line for line in lines if line and not line.startswith("#")}
        for line in sorted(wanted - known):
            yield f"{name}: ansible-builder does not see {line!r}: meta/execution-environment.yml"


def action_group() -> Iterator[str]:
    """The modules for ports, tunnels and datapaths take shared defaults."""
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    listed = set(runtime["action_groups"]["ovs"])
    existing = {path.stem for path in (ROOT / "plugins/modules").glob("ovs_*.py")}
    for name in sorted(existing ^ listed):
        yield f"meta/runtime.yml: module {name} is in the action group or exists, but not both"


def role_files() -> Iterator[str]:
    """A role says what it is, and validates and documents its variables in one place."""
    for role in sorted((ROOT / "roles").iterdir()):
        wanted = ("README.md", "meta/main.yml", "meta/argument_specs.yml", "defaults/main.yml")
        absent = [name for name in wanted if not (role / name).is_file()]
        yield from (f"roles/{role.name}: there is no {name}" for name in absent)
        if not absent:
            yield from role_options(role.name)


def role_options(role: str) -> Iterator[str]:
    """Defaults and documented options agree: each default once in each of the two files."""
    folder = ROOT / "roles" / role
    defaults = yaml.safe_load((folder / "defaults/main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((folder / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    for name in sorted(defaults.keys() - options.keys()):
        yield f"roles/{role}: {name} has a default and no documentation"
    for name, option in sorted(options.items()):
        told, real = option.get("default"), defaults.get(name)
        if told is not None and str(told) != str(real):
            yield f"roles/{role}: {name} is {real!r} by default, documented is {told!r}"
