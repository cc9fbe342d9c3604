# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ssl:`` connections to a database: both sides show a certificate that the other's CA signed."""

from __future__ import annotations

import re
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from .remote import Keys

_FILES = "give a PEM file on the managed host that this task may read"


def connect(address: tuple[str, int], timeout: float, keys: Keys, peer: str) -> ssl.SSLSocket:
    """A connection whose other side has proven itself.

    With TLS 1.3 the other side looks at our certificate only now, and ends the connection before
    its first answer when it does not trust us.

    :param timeout: seconds for the connection, and again for the handshake.
    :raises EnvironmentProblem: a file is of no use, or the other side is not trusted.
    :raises OSError: nobody listens.
    """
    context = _context(keys)
    stream = socket.create_connection(address, timeout)
    try:
        return context.wrap_socket(stream)
    except ssl.SSLCertVerificationError as error:
        raise EnvironmentProblem(
            f"the certificate of the database is not trusted: {error.verify_message}",
            culprit=peer,
            remedy="give the CA certificate that signed it as database_ca_cert",
        ) from error
    except (ssl.SSLError, ConnectionError) as error:
        raise EnvironmentProblem(
            f"the database does not answer in TLS: {_reason(error)}",
            culprit=peer,
            remedy="see whether ovsdb-server listens there with pssl:, or use tcp:",
        ) from error


def _context(keys: Keys) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As every OVS client: the peer proves that its certificate is signed by the CA of the
    # switches; names of hosts are not part of those certificates.
    context.check_hostname = False
    for option in ("private_key", "certificate", "ca_cert"):
        _check_readable(option, getattr(keys, option))
    try:
        context.load_verify_locations(keys.ca_cert)
    except ssl.SSLError as error:
        raise EnvironmentProblem(
            f"database_ca_cert cannot be used: {_reason(error)}",
            culprit=keys.ca_cert,
            remedy=_FILES,
        ) from error
    try:
        context.load_cert_chain(keys.certificate or "", keys.private_key, _no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise EnvironmentProblem(
                "database_private_key does not belong to database_certificate",
                culprit=f"{keys.private_key} and {keys.certificate}",
                remedy="give the two files of one pair",
            ) from error
        raise EnvironmentProblem(
            f"database_certificate or database_private_key cannot be used: {_reason(error)}",
            culprit=f"{keys.certificate} and {keys.private_key}",
            remedy=_FILES,
        ) from error
    return context


def _check_readable(option: str, path: str | None) -> None:
    try:
        with Path(path or "").open("rb"):
            return
    except OSError as error:
        raise EnvironmentProblem(
            f"database_{option} cannot be read: {error.strerror}", culprit=path, remedy=_FILES
        ) from error


def _no_password() -> str:
    """Without this OpenSSL would ask on a terminal, and wait for ever."""
    raise EnvironmentProblem(
        "database_private_key is protected by a password",
        remedy="give a key without one, in a file that only root can read",
    )


def _reason(error: OSError) -> str:
    """``[SSL: CODE] text (_ssl.c:1006)`` without what only OpenSSL's makers can use."""
    return re.sub(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$", "", error.strerror or str(error))
