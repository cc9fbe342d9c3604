"""Fixtures: a mesh on the lab with its playbooks, and a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration.harness import Lab
from tests.integration.report.stage import Stage
from tests.tools.browser import Browser


@pytest.fixture(scope="module")
def stage(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A healthy mesh of three hosts with backend ovsdb; a kept lab is emptied again."""
    stage = Stage(lab, tmp_path_factory.mktemp("report"))
    stage.build()
    yield stage
    if os.environ.get("TUNNELMESH_TEST_LAB"):
        stage.mend()
        stage.must("teardown")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, installed when it is missing."""
    browser = Browser()
    yield browser
    browser.close()
