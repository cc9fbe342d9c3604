"""The documentation site: pages from the plugins' and roles' own sources, and the guides."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.tools.ci.model import ROOT
from tests.tools.ci.process import Finished, run
from tests.tools.ci.tree import CACHE, tracked

SITE = CACHE / "docs"
HOME = SITE / "html" / "index.html"


def build_site() -> Finished:
    """Build the site into the cache folder, offline. Any warning is a failure."""
    pages = SITE / "rst"
    shutil.rmtree(SITE, ignore_errors=True)
    # antsibull-docs wants a folder that only its owner may write to.
    pages.mkdir(parents=True, mode=0o755)
    SITE.chmod(0o755)
    make = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--no-indexes"]
    options = ["--fail-on-error", "--no-add-antsibull-docs-version", "--dest-dir", str(pages)]
    generated = run([*make, *options, "tunnelmesh.ovs"])
    if generated.status:
        return generated
    for name in written_pages():
        target = pages / Path(name).relative_to("docs")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    list_the_rest(pages)
    sphinx = ["sphinx-build", "--quiet", "--fail-on-warning", "--keep-going", "--builder", "html"]
    return run([*sphinx, "--conf-dir", ROOT / "docs", pages, HOME.parent])


def written_pages() -> list[str]:
    """List what is written by hand, less the guides, which antsibull-docs takes itself."""
    own = [name for name in tracked() if name.startswith("docs/")]
    return [name for name in own if not name.startswith(("docs/docsite/", "docs/conf.py"))]


def list_the_rest(pages: Path) -> None:
    """Add the pages that index.rst does not name, such as those of new plugins, to its end."""
    index = pages / "index.rst"
    text = index.read_text(encoding="utf-8")
    files = [*pages.rglob("*.rst"), *pages.rglob("*.md")]
    names = {path.relative_to(pages).with_suffix("").as_posix() for path in files}
    listed = {word.strip("<>") for word in text.split()}
    rest = sorted(names - listed - {"index", "environment_variables"})
    if rest:
        lines = ["", ".. toctree::", "   :caption: More", "   :maxdepth: 1", ""]
        lines += [f"   {name}" for name in rest]
        index.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
