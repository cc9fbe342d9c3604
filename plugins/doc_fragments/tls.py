# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the modules that reach a database by TLS."""

from __future__ import annotations


class ModuleDocFragment:
    """Options with what proves who this side is, and who the other."""

    DOCUMENTATION = r"""
options:
  database_private_key:
    description: PEM file with the private key, for C(ssl:) in O(database).
    type: path
  database_certificate:
    description: PEM file with the certificate, for C(ssl:) in O(database).
    type: path
  database_ca_cert:
    description: PEM file with the CA certificate of the server, for C(ssl:) in O(database).
    type: path
"""
