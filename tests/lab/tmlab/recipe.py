"""What goes into the guests' root file system, as data. A change here builds a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from .paths import GUEST_FILES

SUITE = "bookworm"
IMAGE_SIZE = "2G"
PACKAGES = (
    "systemd-sysv",
    "dbus",
    "udev",
    "openssh-server",
    "openvswitch-switch",
    "python3",
    "python3-apt",
    "python3-pyroute2",
    "iproute2",
    "iputils-ping",
    "kmod",
    "tcpdump",
    "nftables",
    "procps",
    "ethtool",
)

# Every process costs a guest 5 to 50 ms, so whatever a tunnel endpoint does not need stays off.
# udev alone costs 150 ms of CPU per network device: `systemctl unmask` it where a test needs it.
MASKED_UNITS = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "systemd-tmpfiles-clean.timer",
    "getty.target",
    "getty@tty1.service",
    "systemd-networkd.service",
    "systemd-timesyncd.service",
    "systemd-user-sessions.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service",
    "systemd-sysusers.service",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-machine-id-commit.service",
    "systemd-boot-system-token.service",
    "systemd-firstboot.service",
    "systemd-hwdb-update.service",
    "systemd-journal-catalog-update.service",
    "systemd-journal-flush.service",
    "systemd-update-done.service",
    "systemd-repart.service",
    "systemd-rfkill.socket",
    "systemd-initctl.socket",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "ldconfig.service",
    "kmod-static-nodes.service",
    "modprobe@.service",
    "proc-sys-fs-binfmt_misc.automount",
    "dev-mqueue.mount",
    "dev-hugepages.mount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "uuidd.socket",
)

# Started by whoever asks for them over their socket (shutdown does), but not at boot.
ON_DEMAND_UNITS = ("dbus.service", "systemd-logind.service")

SSHD_CONFIG = """\
UseDNS no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
MaxSessions 100
MaxStartups 100
SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""

# Debian leaves 90 s to a service that does not stop, and asks for a watchdog that UML lacks.
SYSTEMD_CONFIG = """\
[Manager]
DefaultTimeoutStopSec=10s
RebootWatchdogSec=0
"""

# Debian's own networking services pull this target in, which orders sshd after Open vSwitch; the
# lab sets its addresses without them. So a guest that answers SSH has its switch running.
SSH_UNIT = """\
[Unit]
Wants=network.target
"""

FILES: Mapping[str, str] = {
    "etc/ssh/sshd_config.d/lab.conf": SSHD_CONFIG,
    "etc/systemd/system.conf.d/lab.conf": SYSTEMD_CONFIG,
    "etc/systemd/system/ssh.service.d/lab.conf": SSH_UNIT,
    "etc/fstab": "",
    "etc/machine-id": "",
}


def digest(kernel_version: str) -> str:
    """Name of the root file system that this recipe makes with that kernel's modules."""
    own = Path(__file__)
    parts = [kernel_version.encode()]
    parts += [path.read_bytes() for path in (own, own.with_name("rootfs.py"))]
    parts += [path.read_bytes() for path in sorted(GUEST_FILES.iterdir())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
