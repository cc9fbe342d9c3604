"""The command line of the lab: reads the words, calls Lab, prints."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence

from . import inventory, teardown
from .errors import LabError
from .foreground import capture
from .lab import Lab
from .prerequisites import require_root
from .report import status_lines

_Verb = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code: 1 for an error of the lab, 2 for a bad command line."""
    words = list(sys.argv[1:] if argv is None else argv)
    rest: list[str] = []
    if "--" in words:
        cut = words.index("--")
        words, rest = words[:cut], words[cut + 1 :]
    arguments = _parser().parse_args(words)
    if rest and arguments.verb not in ("ssh", "capture"):
        _parser().error(f"nothing may follow -- in {arguments.verb}")
    arguments.rest = rest
    try:
        if arguments.verb != "inventory":
            require_root()
        verb: _Verb = arguments.run
        return verb(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Real kernels as hosts; see README.md")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, run: _Verb, text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("--name", default="lab", metavar="LAB", help="which lab (default: lab)")
        sub.set_defaults(run=run)
        return sub

    up = verb("up", _up, "boot a lab, add hosts to it, or revive its dead hosts")
    up.add_argument("--hosts", type=int, metavar="N", help="how many hosts (default: 3)")
    up.add_argument("--underlay", choices=("ipv4", "ipv6"), help="family of eth1 (default: ipv4)")
    up.add_argument("--mtu", type=int, metavar="BYTES", help="MTU of the underlay (default: 1500)")
    up.add_argument("--mem", type=int, metavar="MIB", help="memory per host (default: 384)")
    down = verb("down", _down, "power off a lab and remove all of it, also after a crash")
    down.add_argument("--all", action="store_true", help="every lab of this cache folder")
    verb("status", _status, "show the hosts of a lab")
    shell = verb("ssh", _ssh, "run a command on a host, or a shell: ssh HOST [-- CMD...]")
    shell.add_argument("host", metavar="HOST")
    show = verb("inventory", _inventory, "print the Ansible inventory")
    show.add_argument("--format", choices=("yaml", "json"), default="yaml")
    show.add_argument("--list", action="store_true", help="as Ansible calls an inventory script")
    show.add_argument("--host", metavar="HOST", help="as Ansible calls an inventory script")
    for name, text in (
        ("reboot", "reboot a host cleanly and wait for it"),
        ("kill", "pull a host's plug; its disk survives"),
        ("start", "power a host on again and wait for it"),
    ):
        verb(name, _power, text).add_argument("host", metavar="HOST")
    link = verb("link", _link, "cut, mend or impair a host's underlay link")
    link.add_argument("host", metavar="HOST")
    link.add_argument("action", choices=("down", "up", "delay", "loss"))
    link.add_argument("value", type=float, nargs="?", help="delay: milliseconds; loss: percent")
    record = verb("capture", _capture, "write packets to a pcap file: ... [-- TCPDUMP ARGS]")
    record.add_argument("where", metavar="HOST|underlay")
    record.add_argument("file", metavar="FILE")
    record.add_argument("--seconds", type=float, help="end after this time")
    return parser


def _up(given: argparse.Namespace) -> int:
    lab = Lab(given.name)
    lab.up(given.hosts, underlay=given.underlay, mtu=given.mtu, memory=given.mem)
    lab.progress(f"lab {lab.name!r} is up: {' '.join(lab.hosts)}")
    return 0


def _down(given: argparse.Namespace) -> int:
    for name in teardown.names() if given.all else [given.name]:
        found = Lab(name).down()
        print(f"lab {name!r} is down" if found else f"lab {name!r} was not up", file=sys.stderr)
    return 0


def _status(given: argparse.Namespace) -> int:
    lines, healthy = status_lines(Lab(given.name))
    print("\n".join(lines))
    return 0 if healthy else 1


def _ssh(given: argparse.Namespace) -> int:
    lab = Lab(given.name)
    lab.require_on(given.host)
    # One word is a shell script, several are a program and its arguments.
    remote = given.rest[0] if len(given.rest) == 1 else given.rest
    command = lab.ssh_settings.command(lab.host(given.host), remote)
    os.execvp(command[0], command)


def _inventory(given: argparse.Namespace) -> int:
    lab = Lab(given.name)
    if given.host:
        print(json.dumps(inventory.host_vars(lab.host(given.host), lab.settings.underlay)))
    elif given.list:
        print(json.dumps(lab.inventory(dynamic=True)))
    elif given.format == "json":
        print(json.dumps(lab.inventory(), indent=2))
    else:
        print(inventory.to_yaml(lab.inventory()), end="")
    return 0


def _power(given: argparse.Namespace) -> int:
    lab = Lab(given.name)
    {"reboot": lab.reboot, "kill": lab.kill, "start": lab.start}[given.verb](given.host)
    lab.progress(f"{given.host}: {given.verb} done")
    return 0


def _link(given: argparse.Namespace) -> int:
    lab = Lab(given.name)
    if (given.value is None) != (given.action in ("up", "down")):
        raise LabError("write: link HOST down | up | delay MILLISECONDS | loss PERCENT")
    if given.action in ("up", "down"):
        lab.link(given.host, given.action)
    else:
        lab.impair(given.host, **{given.action: given.value})
    return 0


def _capture(given: argparse.Namespace) -> int:
    return capture(Lab(given.name), given.where, given.file, given.rest, given.seconds)
