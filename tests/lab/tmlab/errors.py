"""The one exception of the lab."""

from __future__ import annotations


class LabError(Exception):
    """Something the user must know: the text names cause, culprit and remedy."""
