# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single values: what is taken, what is refused, and that the message helps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core import validate
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import InputError
from tests.unit.core.profile import examples

WHERE = "ports[3] (vx7)"


def refusal(call: Callable[..., Any], *arguments: Any) -> InputError:
    """The error of a refused value; it says where, and what to do."""
    with pytest.raises(InputError) as caught:
        call(*arguments)
    error = caught.value
    assert error.cause.startswith(f"{WHERE}: ")
    assert error.remedy
    assert error.message == f"{error.cause}. Remedy: {error.remedy}"
    return error


@pytest.mark.parametrize("name", ["v", "vx100", "a" * 15, "eth0.100", "br-lan", "_x", "vx@7", "1"])
def test_device_names_that_the_kernel_takes(name: str) -> None:
    assert validate.device_name(name, WHERE) == name


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "name '' is empty"),
        ("a" * 16, "has 16 characters, at most 15 are possible"),
        ("a" * 300, "has 300 characters"),
        (".", "name '.' is reserved"),
        ("..", "name '..' is reserved"),
        ("all", "is reserved"),
        ("default", "is reserved"),
        ("lo", "is reserved"),
        ("a/b", "has a character that a device name cannot have"),
        ("a:b", "has a character that a device name cannot have"),
        ("a b", "has a character that a device name cannot have"),
        ("vx%d", "has a character that a device name cannot have"),
        ("a\tb", "has a character that a device name cannot have"),
        ("vx\n", "has a character that a device name cannot have"),
        ("vx\0", "has a character that a device name cannot have"),
        ("vx\x7f", "has a character that a device name cannot have"),
        ("vü", "has a character that a device name cannot have"),
        ("vx\udc80", "has a character that a device name cannot have"),
    ],
)
def test_device_names_that_are_refused(name: str, problem: str) -> None:
    assert problem in refusal(validate.device_name, name, WHERE).cause


def test_the_message_calls_the_value_by_its_option() -> None:
    error = refusal(validate.device_name, "a/b", WHERE, "dev")
    assert error.cause.startswith(f"{WHERE}: dev 'a/b' ")


@given(st.text(max_size=20))
@examples(200)
def test_a_device_name_is_taken_or_refused_cleanly(name: str) -> None:
    try:
        validate.device_name(name, WHERE)
    except InputError:
        return
    assert 1 <= len(name.encode()) <= 15
    assert not set(name) & set("/:% \n")


@pytest.mark.parametrize("value", [0, 7, 10])
def test_integers_in_range(value: int) -> None:
    assert validate.integer(value, 0, 10, WHERE, "vni") == value


@pytest.mark.parametrize("value", [-1, 11, True, False, "7", 7.0, None])
def test_integers_out_of_range_or_of_another_type(value: Any) -> None:
    error = refusal(validate.integer, value, 0, 10, WHERE, "vni")
    assert f"vni {value!r} is out of range" in error.cause
    assert error.remedy == "use a whole number from 0 to 10"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("239.1.1.1", "239.1.1.1"),
        ("fe80::1", "fe80::1"),
    ],
)
def test_addresses_are_taken_and_written_in_one_way(text: str, normal: str) -> None:
    assert str(validate.address(text, WHERE, "remote")) == normal


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not an IP address"),
        ("vtep1.example.net", "is not an IP address"),
        ("192.0.2.1/24", "is not an IP address"),
        ("192.0.2", "is not an IP address"),
        ("192.0.2.256", "is not an IP address"),
        ("192.0.2.01", "is not an IP address"),
        ("2001:db8::1::2", "is not an IP address"),
        (" 192.0.2.1", "is not an IP address"),
        ("fe80::1%eth0", "carries a zone"),
        ("::ffff:192.0.2.1", "is an IPv4 address mapped into IPv6"),
        ("0.0.0.0", "is the unspecified address"),
        ("::", "is the unspecified address"),
        ("127.0.0.1", "is a loopback address"),
        ("127.9.9.9", "is a loopback address"),
        ("::1", "is a loopback address"),
        ("255.255.255.255", "is the broadcast address"),
    ],
)
def test_addresses_that_are_refused(text: str, problem: str) -> None:
    assert problem in refusal(validate.address, text, WHERE, "remote").cause


def test_a_mapped_address_is_answered_with_the_plain_one() -> None:
    error = refusal(validate.address, "::ffff:192.0.2.1", WHERE, "remote")
    assert error.remedy == "write 192.0.2.1"


@pytest.mark.parametrize("text", ["224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1:1"])
def test_a_multicast_group_is_no_vtep(text: str) -> None:
    error = refusal(validate.unicast, text, WHERE, "remote")
    assert f"remote {text!r} is a multicast group" in error.cause


def test_unicast_refuses_what_address_refuses() -> None:
    assert "loopback" in refusal(validate.unicast, "127.0.0.1", WHERE, "remote").cause
    assert str(validate.unicast("192.0.2.1", WHERE, "remote")) == "192.0.2.1"


@given(st.text(max_size=45))
@examples(200)
def test_an_address_is_taken_or_refused_cleanly(text: str) -> None:
    try:
        parsed = validate.unicast(text, WHERE, "remote")
    except InputError:
        return
    assert not parsed.is_multicast
    assert not parsed.is_unspecified


@pytest.mark.parametrize("text", ["02:00:00:00:00:01", "AA:BB:CC:DD:EE:FF", "00:00:00:00:00:01"])
def test_unicast_ethernet_addresses(text: str) -> None:
    assert validate.mac_address(text, WHERE) == text.lower()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not an Ethernet address"),
        ("02-00-00-00-00-01", "is not an Ethernet address"),
        ("0200.0000.0001", "is not an Ethernet address"),
        ("02:00:00:00:00", "is not an Ethernet address"),
        ("02:00:00:00:00:01:02", "is not an Ethernet address"),
        ("02:00:00:00:00:0g", "is not an Ethernet address"),
        ("02:00:00:00:00:01\n", "is not an Ethernet address"),
        ("00:00:00:00:00:00", "is not a unicast Ethernet address"),
        ("01:00:5e:00:00:01", "is not a unicast Ethernet address"),
        ("ff:ff:ff:ff:ff:ff", "is not a unicast Ethernet address"),
        ("33:33:00:00:00:01", "is not a unicast Ethernet address"),
    ],
)
def test_ethernet_addresses_that_are_refused(text: str, problem: str) -> None:
    assert problem in refusal(validate.mac_address, text, WHERE).cause


@pytest.mark.parametrize("good", ["192.0.2.1/24", "192.0.2.0/31", "192.0.2.1/32", "fd00::1/64"])
def test_addresses_of_a_device(good: str) -> None:
    assert str(validate.interface(good, "here")) == good


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("192.0.2.1", "not an address with a prefix length"),
        ("192.0.2.1/33", "not an address with a prefix length"),
        ("fd00::1%eth0/64", "not an address with a prefix length"),
        ("224.0.0.1/24", "multicast"),
        ("127.0.0.1/8", "loopback"),
        ("192.0.2.0/24", "network or broadcast address"),
        ("192.0.2.255/24", "network or broadcast address"),
        ("fe80::1/64", "link-local"),
    ],
)
def test_addresses_that_no_device_has(bad: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        validate.interface(bad, "here")


def test_addresses_of_a_device_are_given_once() -> None:
    addresses = ["fd00:0::2/64", "192.0.2.1/24"]
    assert validate.interfaces(addresses, "here") == ("fd00::2/64", "192.0.2.1/24")
    with pytest.raises(InputError, match=r"here: address 192\.0\.2\.1 is given twice"):
        validate.interfaces(["192.0.2.1/24", "192.0.2.1/25"], "here")
