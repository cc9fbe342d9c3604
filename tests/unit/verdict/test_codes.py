"""The table of problem codes, and the page that is made from it."""

from __future__ import annotations

import re
import string

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.verdict.codes import (
    BROKEN,
    CODES,
    WARNING,
    Code,
)
from tests.conftest import ROOT
from tests.unit.verdict.table import PAGE, PLANES, markdown


def test_the_page_is_that_of_the_table() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == markdown(), "run tests/tools/problem-codes"


@pytest.mark.parametrize("entry", CODES.values(), ids=list(CODES))
def test_an_entry_is_complete(entry: Code) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]+", entry.code)
    assert entry.plane in PLANES
    assert entry.severity in (BROKEN, WARNING)
    for text in (entry.cause, entry.remedy):
        assert text
        assert not text.endswith(".")
        assert all(field != "" for _, field, _, _ in string.Formatter().parse(text))


def test_codes_that_were_published_stay() -> None:
    """Add to this list, never take away: users match on these words."""
    published = (
        "module_missing vswitchd_not_running vswitchd_hung database_unreachable ipv6_disabled "
        "duplicate_tunnel udp_port_held extensions_conflict tunnel_refused no_ofport "
        "option_ignored tunnel_missing tunnel_differs port_missing device_missing "
        "device_elsewhere device_detached device_differs device_down socket_missing "
        "not_connected flood_differs undeclared stale_device local_ip_missing remote_is_local "
        "no_route route_loop remote_unreachable remote_silent underlay_mtu mtu_too_large "
        "bfd_down networkmanager_manages decap_errors checksum_errors host_unreachable "
        "overlay_mtu overlay_oversize overlay_silent overlay_loss upcalls_lost"
    )
    assert set(published.split()) <= set(CODES)
