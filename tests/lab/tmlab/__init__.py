"""The lab: real Linux kernels (User-Mode Linux) as hosts on an underlay of their own.

Users: the command line (cli), the integration tests and the benchmarks, all by way of Lab.
"""

from __future__ import annotations

from .addresses import Host
from .capture import Capture
from .errors import LabError
from .lab import Lab
from .shell import Result

__all__ = ["Capture", "Host", "Lab", "LabError", "Result"]
