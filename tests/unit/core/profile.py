# Copyright (c) 2026, the tunnelmesh.ovs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hypothesis searches here: the same examples every time, unless asked to explore.

``TUNNELMESH_EXPLORE=20 pytest tests/unit/kernel`` tries 20 times as many, random ones.
"""

from __future__ import annotations

import os

from hypothesis import Phase, settings

EXPLORE = int(os.environ.get("TUNNELMESH_EXPLORE", "0"))


def examples(count: int) -> settings:
    """Settings for ``count`` examples; no deadline, since a busy machine is no failure."""
    return settings(
        max_examples=count * (EXPLORE or 1),
        derandomize=not EXPLORE,
        print_blob=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
