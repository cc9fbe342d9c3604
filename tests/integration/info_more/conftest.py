"""Fixtures: those of the folder info, which these tests go on from."""

from __future__ import annotations

from tests.integration.info.conftest import hosts, mesh

__all__ = ["hosts", "mesh"]
