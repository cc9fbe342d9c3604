# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of a declared port: VXLAN attributes, remotes, MTU; pure.

Every function raises InputError, with ``where`` as the start of the message.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ..core import validate
from ..core.errors import InputError
from .attributes import DEFAULTS, DF_NAMES

DST_PORT = 4789
TTL = 64


def attributes(where: str, legacy: bool, options: Mapping[str, Any]) -> dict[str, Any]:
    """The VXLAN attributes of a declared port, complete."""
    extensions = _extensions(where, legacy, options)
    dst_port = options.get("dst_port")
    attrs = dict(DEFAULTS)
    attrs.update(
        dst_port=validate.integer(
            DST_PORT if dst_port is None else dst_port, 1, 65535, where, "dst_port"
        ),
        gbp="gbp" in extensions,
        gpe="gpe" in extensions,
    )
    for name in ("udp_csum", "udp_zero_csum6_tx", "udp_zero_csum6_rx"):
        if options.get(name) is not None:
            attrs[name] = options[name]
    if options.get("local_ip") is not None:
        attrs["local_ip"] = str(validate.unicast(options["local_ip"], where, "local_ip"))
    if options.get("src_port_range") is not None:
        attrs["src_port_range"] = _port_range(where, options["src_port_range"])
    if options.get("vni") is None:
        attrs.update(external=True, learning=False)
        if options.get("udp_zero_csum6_rx") is None:
            attrs["udp_zero_csum6_rx"] = True
        return attrs
    attrs.update(
        vni=validate.integer(options["vni"], 0, validate.VNI_MAX, where, "vni"),
        df=DF_NAMES.index(options.get("df") or "set"),
        # 0 is the kernel's word for its default, not for ever: vxlan_config_validate().
        ageing=validate.integer(
            300 if options.get("ageing") is None else options["ageing"],
            1,
            (1 << 32) - 1,
            where,
            "ageing",
        ),
        learning=True if options.get("learning") is None else options["learning"],
        tos=_tos(where, options.get("tos")),
    )
    ttl = options.get("ttl")
    attrs["ttl_inherit"] = ttl == "inherit"
    attrs["ttl"] = 0 if ttl == "inherit" else _number(ttl, TTL, 0, 255, where, "ttl")
    return attrs


def _extensions(where: str, legacy: bool, options: Mapping[str, Any]) -> set[str]:
    """gbp and gpe, as vxlan_config_validate() takes them."""
    extensions = set(options.get("extensions") or ())
    if extensions == {"gbp", "gpe"}:
        raise InputError(
            f"{where}: gbp and gpe exclude each other: both use the same header bits",
            remedy="keep one of the two extensions",
        )
    if "gpe" in extensions and legacy:
        raise InputError(
            f"{where}: vport_type 'vxlan' does not know gpe", remedy="use vport_type 'netdev'"
        )
    if "gpe" in extensions and options.get("vni") is not None:
        raise InputError(
            f"{where}: gpe needs a device without vni (collect metadata), and no learning",
            remedy="leave out vni, or leave out gpe",
        )
    return extensions


def _tos(where: str, text: str | None) -> int:
    """TOS byte; 1 means inherit in the kernel. The ECN bits are the kernel's own."""
    if text == "inherit":
        return 1
    tos = _number(text, 0, 0, 255, where, "tos")
    if tos & 3:
        raise InputError(
            f"{where}: tos {tos} sets ECN bits, which the kernel fills in by itself",
            remedy="use a multiple of 4, or 'inherit'",
        )
    return tos


def _port_range(where: str, ports: list[int]) -> tuple[int, int]:
    if len(ports) != 2:
        raise InputError(
            f"{where}: src_port_range {ports} is not a pair",
            remedy="give the lowest and the highest port, such as [32768, 60999]",
        )
    for port in ports:
        validate.integer(port, 1, 65535, where, "src_port_range")
    if ports[0] >= ports[1]:
        raise InputError(
            f"{where}: src_port_range {ports} is empty: the second port must be the larger one",
            remedy="give the lowest and the highest port, such as [32768, 60999]",
        )
    return ports[0], ports[1]


def remotes(where: str, remotes: list[str], attrs: Mapping[str, Any]) -> frozenset[str]:
    """The flood list: unicast addresses of one family, none twice, none our own."""
    seen: set[str] = set()
    versions = {}
    local = attrs["local_ip"]
    if local is not None:
        versions[ipaddress.ip_address(local).version] = f"local_ip {local}"
    for remote in remotes:
        parsed = validate.unicast(remote, where, "remote")
        text = str(parsed)
        if text in seen:
            raise InputError(
                f"{where}: remote {text} is given twice", remedy="give every remote once"
            )
        if text == local:
            raise InputError(
                f"{where}: remote {text} is the port's own local_ip",
                remedy="leave the host itself out of its remotes",
            )
        seen.add(text)
        versions.setdefault(parsed.version, f"remote {text}")
    if len(versions) > 1:
        raise InputError(
            f"{where}: IPv4 and IPv6 are mixed: {versions[4]}, {versions[6]}",
            remedy="use one address family for local_ip and all remotes of a port",
        )
    return frozenset(seen)


def mtu(where: str, text: str | None) -> int | None:
    if text is None or text == "auto":
        return None
    return _number(text, 0, 68, 65535, where, "mtu")


def _number(text: str | None, default: int, low: int, high: int, where: str, what: str) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,10}", text):  # int() takes '1_500' and ' 1500' too
        raise InputError(
            f"{where}: {what} {text!r} is not a number",
            remedy=f"use a whole number from {low} to {high}",
        )
    return validate.integer(int(text), low, high, where, what)
