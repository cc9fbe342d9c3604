"""Fixtures: the meshes of the fleet tests."""

from __future__ import annotations

from tests.integration.fleet.conftest import bridged, either, five, kernel

__all__ = ["bridged", "either", "five", "kernel"]
