# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""host_look: this machine's own processes and addresses, and databases of packages in files."""

from __future__ import annotations

import socket
import sys
import types
from pathlib import Path

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils import look
from ansible_collections.tunnelmesh.ovs.plugins.modules import host_look

STATUS = b"""Package: kmod
Essential: yes
Status: install ok installed
Description: about
 Package: procps
 Status: install ok installed

Package: procps
Status: deinstall ok config-files

Package: iproute2
Status: hold ok installed
Version: 6

Package: nftables
Status: install ok unpacked
"""
WANTED = ["kmod", "procps", "iproute2", "nftables", "openvswitch-switch"]


def test_programs_that_run_are_installed_or_are_absent(tmp_path: Path) -> None:
    for pid, name in (("7", "ovs-vswitchd"), ("8", "sshd")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "comm").write_text(name + "\n")
    (tmp_path / "9").mkdir()  # ended while it was looked at
    (tmp_path / "self").mkdir()
    found = look.programs(("ovs-vswitchd", "sh", "no-such-program"), tmp_path)
    assert found == {"ovs-vswitchd": "running", "sh": "stopped", "no-such-program": "absent"}
    [own] = look.programs([Path("/proc/self/comm").read_text().strip()]).values()
    assert own == "running"


def test_kernel_modules_have_underscores_in_sysfs(tmp_path: Path) -> None:
    (tmp_path / "nf_tables").mkdir()
    assert look.missing_kernel_modules(["nf-tables", "nf_tables", "vxlan"], tmp_path) == ["vxlan"]


def test_packages_by_the_status_of_dpkg(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_bytes(STATUS)
    missing = look.missing_packages(WANTED, ["openvswitch"], status)
    assert missing == ["procps", "nftables", "openvswitch-switch"]


def test_packages_by_the_binding_of_rpm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = tmp_path / "status"
    # A Python without the binding cannot tell: the package manager has to.
    monkeypatch.setitem(sys.modules, "rpm", None)
    assert look.missing_packages(WANTED, ["kmod", "iproute"], nowhere) == ["kmod", "iproute"]

    class TransactionSet:
        def dbMatch(self, tag: str, name: str) -> object:  # noqa: N802 - the name that rpm gives it
            return iter(["a header"] if (tag, name) == ("name", "kmod") else [])

    binding = types.ModuleType("rpm")
    binding.__dict__["TransactionSet"] = TransactionSet
    monkeypatch.setitem(sys.modules, "rpm", binding)
    assert look.missing_packages(WANTED, ["kmod", "iproute"], nowhere) == ["iproute"]


def test_the_device_of_an_address() -> None:
    loopback = {
        "address": "127.0.0.1",
        "device": "lo",
        "mtu": int(Path("/sys/class/net/lo/mtu").read_text()),
    }
    assert look.underlay("127.0.0.1") == [loopback]
    # An address that is not there: what could have been meant, and that is no loopback.
    assert loopback not in look.underlay("192.0.2.254")


def test_what_could_have_been_meant() -> None:
    lo = socket.if_nametoindex("lo")
    has = [(lo, "192.0.2.1"), (lo, "127.0.0.1"), (lo, "fe80::1"), (lo, "2001:db8::1")]

    def addresses(wanted: str) -> list[str]:
        return [text for _index, text in look.meant(has, wanted)]

    assert addresses("2001:db8:0::1") == ["2001:db8::1"]
    assert addresses("fe80::1") == ["fe80::1"]
    assert addresses("192.0.2.7") == addresses("junk") == ["192.0.2.1", "2001:db8::1"]
    # A device that went away in between.
    assert look.located([(99999, "192.0.2.1")]) == []


def test_the_module_tells_only_what_it_was_asked() -> None:
    asked: dict[str, list[str]] = {"kernel_modules": [], "dpkg_packages": [], "rpm_packages": []}
    result = host_look.seen({**asked, "address": None}, False)
    assert "underlay" not in result
    assert result["changed"] is False
    assert (result["missing_kernel_modules"], result["missing_packages"]) == ([], [])
    assert "underlay" in host_look.seen({**asked, "address": "192.0.2.1"}, True)
