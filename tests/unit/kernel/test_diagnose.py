# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an errno to cause, culprit and remedy."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import replace

import pytest

from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.errors import (
    ApplyError,
    ConflictError,
    LostRace,
)
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.core.steps import Step
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel import diagnose
from ansible_collections.tunnelmesh.ovs.plugins.module_utils.kernel.transport import Reply
from tests.unit.kernel.builders import DECLARED, Host, host, plan

CREATE, LINK = plan(host().observed(), name="vx1", **DECLARED)
# No device of the tests uses it, and nothing on the machine that runs them is likely to.
FREE = 6081


def failure(code: int, made: Host | None = None, step: Step = CREATE, text: str = "") -> ApplyError:
    """The error for a refused step."""
    return diagnose.failure(step, Reply(code, text), (made or host()).observed())


@pytest.mark.parametrize("code", [errno.EEXIST, errno.ENODEV, errno.EBUSY, errno.ENOENT])
def test_what_a_rival_causes_is_a_lost_race(code: int) -> None:
    error = failure(code)
    assert isinstance(error, LostRace)
    assert error.errno == code


@pytest.mark.parametrize(
    "code",
    [
        errno.EPERM,
        errno.EINVAL,
        errno.ENOMEM,
        errno.ENOBUFS,
        errno.EOPNOTSUPP,
        errno.EAFNOSUPPORT,
        errno.EADDRINUSE,
    ],
)
def test_what_no_rival_causes_is_a_failure_with_a_remedy(code: int) -> None:
    error = failure(code)
    assert not isinstance(error, LostRace)
    assert errno.errorcode[code] in error.cause
    assert error.remedy


def test_the_kernels_own_words_come_first() -> None:
    error = failure(errno.EINVAL, text="Local address cannot be multicast")
    assert error.cause == "cannot create port vx1: Local address cannot be multicast (EINVAL)"
    assert failure(errno.ENOMEM).cause == "cannot create port vx1: Cannot allocate memory (ENOMEM)"


def test_the_holder_of_a_vni_is_named() -> None:
    made = host()
    made.vxlan("flannel.1", alias="", vni=100)
    assert failure(errno.EEXIST, made).culprit == "flannel.1 (vxlan, VNI 100, port 4789)"


def test_the_holder_of_a_name_is_named() -> None:
    made = host()
    made.device("vx1", kind="bridge")
    assert failure(errno.EEXIST, made).culprit == "vx1 (a device of kind bridge)"


def test_a_holder_that_cannot_be_seen_is_in_another_namespace() -> None:
    assert "moved to another network namespace" in str(failure(errno.EEXIST).culprit)
    assert failure(errno.EEXIST, step=LINK).culprit is None


def test_the_holder_of_a_port_number_is_named() -> None:
    made = host()
    made.device("tap0", kind="tun")
    made.link("lab0", "tap0", 1)
    assert failure(errno.EBUSY, made, LINK).culprit == "port tap0 has the number 1"


def test_the_master_of_a_device_is_named() -> None:
    made = host()
    bridge = made.device("br0", kind="bridge")
    made.vxlan("vx1", master=bridge, slave_kind="bridge")
    assert failure(errno.EBUSY, made, LINK).culprit == "master br0 (bridge)"


def test_ipv6_that_is_switched_off_is_named() -> None:
    error = failure(errno.EPERM, text="IPv6 support disabled by administrator")
    assert error.culprit == "sysctl net.ipv6.conf.all.disable_ipv6"


def test_the_process_that_holds_a_udp_port_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        state = CREATE.args["state"]
        state = replace(state, attrs={**state.attrs, "dst_port": port})
        step = replace(CREATE, args={**CREATE.args, "state": state})
        error = failure(errno.EADDRINUSE, step=step)
    assert f"UDP port {port} is held by process " in str(error.culprit)
    assert f"(pid {os.getpid()})" in str(error.culprit)


def test_the_device_that_holds_a_udp_port_is_named() -> None:
    made = host()
    made.vxlan("flannel.1", alias="", vni=1, attrs={"dst_port": FREE, "gbp": True})
    assert "flannel.1 (vxlan, VNI 1, port 6081, gbp)" in diagnose.udp_holder(
        FREE, "vx1", made.observed()
    )


def test_a_conflict_of_the_plan_learns_who_holds_the_udp_port() -> None:
    made = host()
    made.vxlan("flannel.1", alias="", vni=1, attrs={"dst_port": FREE})
    error = ConflictError("UDP port 6081 is held", remedy="stop it", udp_port=FREE)
    explained = diagnose.explain_conflict(error, made.observed())
    assert "flannel.1 (vxlan, VNI 1, port 6081)" in str(explained.culprit)
    assert (explained.cause, explained.remedy) == (error.cause, error.remedy)


def test_another_conflict_is_left_as_it_is() -> None:
    error = ConflictError("port number 5 is taken")
    assert diagnose.explain_conflict(error, host().observed()) is error
