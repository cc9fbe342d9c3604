"""The report in a browser: meshes of 3, 20 and 200 hosts, healthy and broken, and hostile names."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report import document
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.report.model import Report
from ansible_collections.tunnelmesh.ovs.plugins.plugin_utils.page import render
from tests.tools.browser import Browser, Page
from tests.unit.report import meshes

HOSTS = (3, 20, 200)


def opened(browser: Browser, folder: Path, report: Report, **options: object) -> Page:
    """The page of a report."""
    file = folder / "report.html"
    baseline = options.pop("baseline", None)
    assert baseline is None or isinstance(baseline, dict)
    file.write_text(render(report, meshes.TEMPLATE, baseline, "VXLAN mesh"), encoding="utf-8")
    return browser.open(file, dark=bool(options.get("dark")))


@pytest.mark.parametrize("count", HOSTS)
def test_a_healthy_mesh(browser: Browser, tmp_path: Path, count: int) -> None:
    page = opened(browser, tmp_path, meshes.healthy(count))
    assert page.errors == []
    pairs = count * (count - 1) // 2
    assert page.text("h1") == f"✓All {pairs} pairs carry full-size packets"
    assert page.count(".card") == 0
    assert page.count("table.matrix tbody th[scope=row]") == count
    assert page.count("table.matrix thead th[scope=col]") == count
    assert page.count("table.matrix tbody td:not([class])") == count * (count - 1)
    assert page.count("table.matrix tbody td.s") == count
    assert page.count("details.host.ok") == count
    assert page.count(".drawing .n") == (count if count <= 60 else 0)
    assert page.count(".drawing > svg > line.e.ok") == (pairs if count <= 60 else 0)


@pytest.mark.parametrize("count", HOSTS)
def test_a_broken_mesh(browser: Browser, tmp_path: Path, count: int) -> None:
    report = meshes.broken(count)
    page = opened(browser, tmp_path, report)
    assert page.errors == []
    broken = report.counts["broken"]
    dead = count - 1 + (count - 2 if count > 3 else 0)  # a dead host, and one not looked at
    assert broken == dead + 1
    assert page.text("h1") == f"\u00d7{broken} of {count * (count - 1) // 2} pairs are broken"
    assert page.count("table.matrix td.b") == 2 * broken
    cards = page.texts(".card")
    codes = [page.text(f".card:nth-child({n}) .code") for n in range(1, len(cards) + 1)]
    expected = ["device_down", "overlay_mtu"]
    assert codes == (expected if count == 3 else ["host_unreachable", *expected, "decap_errors"])
    mtu = cards[codes.index("overlay_mtu")]
    assert "those of 1450 bytes do not" in mtu
    assert "Do raise the MTU of the underlay path" in mtu
    assert "hv1 \u2013 hv2" in mtu
    # Every sign in the matrix leads to a card that exists.
    assert browser.evaluate(
        "Array.from(document.querySelectorAll('table.matrix td a'))"
        ".every(a => document.querySelector(a.getAttribute('href')).matches('.card'))"
    )
    label = browser.evaluate("document.querySelector('table.matrix td.b a').ariaLabel")
    assert label.startswith("hv1 to hv2: broken, overlay_mtu; 100 % lost, only 1372 B")


def test_two_hundred_hosts_make_a_small_file_that_opens_quickly(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path, meshes.broken(200))
    assert (tmp_path / "report.html").stat().st_size < 2_000_000
    assert page.seconds < 120  # a second or two on an idle machine


def test_arrow_keys_move_through_the_matrix_and_the_cell_is_said(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path, meshes.broken(20))
    browser.evaluate("document.querySelector('table.matrix tbody td[tabindex]').focus()")
    page.press("ArrowRight")
    assert page.focused() == "\u00d7"
    assert page.text(".said").startswith("hv1 to hv2: broken, overlay_mtu")
    for _step in range(3):
        page.press("ArrowDown")
    page.press("ArrowRight")
    said = page.text(".said")
    assert said.startswith("hv4 to hv3: ok, ")
    assert said.endswith(" ms, nothing lost")
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    page.press("ArrowLeft")  # there is nothing left of the first column
    assert page.text(".said").startswith("hv4 to hv1: ok")


def test_before_and_after(browser: Browser, tmp_path: Path) -> None:
    before = tmp_path / "before.html"
    before.write_text(render(meshes.broken(3), meshes.TEMPLATE, None, "before"), encoding="utf-8")
    baseline = document.load(before.read_text(encoding="utf-8"), "before.html")
    page = opened(browser, tmp_path, meshes.healthy(3), baseline=baseline, dark=True)
    assert page.errors == []
    assert page.text("#changes h2") == "Since 2026-11-25 08:30:00 UTC"
    assert page.text(".deltas").startswith("✓ 3 fixed \u00d7 0 new")
    assert page.texts("#changes tbody tr")[0] == "hv1 \u2013 hv2lab\u00d7 overlay_mtu✓ ok"
    # Dark, because the browser was told to prefer it.
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 17, 20)"


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&</style>"


def test_names_and_causes_are_text_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    mesh = meshes.fleet(3, names=[f"a{HOSTILE}", "b", "c"])
    down = {**meshes.DOWN, "cause": f"it {HOSTILE} is", "remedy": HOSTILE, "culprit": HOSTILE}
    bad = {"b": meshes.seen(mesh, "b", {"*": [down]}, silent=["c"])}
    baseline = document.document(meshes.report(mesh, bad))
    page = opened(browser, tmp_path, meshes.report(mesh, bad), baseline=baseline)
    assert page.errors == []
    assert page.count("script") == 2  # the document, and ours
    assert page.count("img") == 0
    assert page.text(".card .cause") == f"it {HOSTILE} is"
    assert page.texts("table.matrix tbody th")[0] == f"a{HOSTILE}"
    embedded = browser.evaluate(
        "JSON.parse(document.getElementById('tunnelmesh-document').textContent).hosts[0].name"
    )
    assert embedded == f"a{HOSTILE}"


def test_nothing_is_fetched_and_every_part_has_a_name(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, meshes.broken(20))
    assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
    assert page.count("[src], link, style[src], [href^='http']") == 0
    assert page.texts(".skip") == ["Skip to the problems"]
    nameless = browser.evaluate(
        "Array.from(document.querySelectorAll('section, [role=region], svg[role=img], nav'))"
        ".filter(one => !one.ariaLabel && !(one.getAttribute('aria-labelledby') || '').split(' ')"
        ".every(id => id && document.getElementById(id))).length"
    )
    assert nameless == 0
    assert page.count("table:not(:has(caption))") == 0
    # Every id exists once.
    assert browser.evaluate(
        "(ids => ids.length === new Set(ids).size)"
        "(Array.from(document.querySelectorAll('[id]'), one => one.id))"
    )
