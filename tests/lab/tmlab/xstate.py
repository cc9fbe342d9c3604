"""Guests on a processor with AMX: its state is larger than User-Mode Linux has room for.

Without help such a guest dies in its first program: "ptrace set fp regs failed, errno = 14". The
help is a small library between the kernel of a guest and ptrace(2); its source tells the rest.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from .paths import MACHINE_FILES, cache_dir, locked
from .shell import run

SOURCE = MACHINE_FILES / "wide_xstate.c"
# Programs and headers that the compilation takes, and the packages that bring them.
PACKAGE_OF = {"gcc": "gcc", "/usr/include/elf.h": "libc6-dev"}
_CPUINFO = Path("/proc/cpuinfo")


def is_wide(cpuinfo: str) -> bool:
    """Whether the processor that /proc/cpuinfo tells of has components behind PKRU, the last known.

    They are the tiles of AMX (components 17 and 18, arch/x86/include/asm/fpu/types.h).
    """
    flags = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), "")
    return "amx_tile" in flags.split()


def needed() -> bool:
    """Whether guests on this machine need the library."""
    return is_wide(_CPUINFO.read_text(encoding="ascii", errors="replace"))


def library() -> Path:
    """Where the library is, once ensure() has made it."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    return cache_dir() / f"wide_xstate-{digest}.so"


def ensure() -> None:
    """Compile the library, once per version of its source.

    Raises LabError when the compiler refuses.
    """
    target = library()
    with locked(cache_dir() / "xstate.lock"):
        if target.exists():
            return
        fresh = target.with_suffix(".new")
        run(["gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", str(fresh), str(SOURCE)])
        fresh.rename(target)
        for old in target.parent.glob("wide_xstate-*.so"):
            if old != target:
                old.unlink()


def environment() -> dict[str, str]:
    """What a guest's starter finds in its environment."""
    return {"TMLAB_PRELOAD": str(library())} if needed() else {}
