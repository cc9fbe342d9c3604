"""Databases that are reached over the network: by tcp and ssl, on this host and from another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.harness import Lab, Target
from tests.integration.ovsdb.conftest import PEER_UNDERLAY
from tests.integration.ovsdb.witness import Ovs, eventually

OWN, PKI = "198.18.0.11", "/tmp/pki"
TCP, SSL = 6640, 6641
# Two authorities: the switch and its client trust one, the stranger was certified by the other.
CERTIFICATES = f"""
rm -rf {PKI} && mkdir -p {PKI} && cd {PKI}
certify() {{ openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \\
    -days 30 -subj /CN=$1 -keyout $1.key -out $1.crt "${{@:2}}" 2>/dev/null; }}
certify good && certify bad
for name in switch client; do certify $name -CA good.crt -CAkey good.key; done
certify stranger -CA bad.crt -CAkey bad.key
openssl ec -in client.key -aes128 -passout pass:sesame -out locked.key 2>/dev/null
echo garbage >garbage.pem
"""
LISTEN = (
    f"set-ssl {PKI}/switch.key {PKI}/switch.crt {PKI}/good.crt "
    f"-- set-manager ptcp:{TCP}:0.0.0.0 pssl:{SSL}:0.0.0.0"
)
KEYS = {
    "database_private_key": f"{PKI}/client.key",
    "database_certificate": f"{PKI}/client.crt",
    "database_ca_cert": f"{PKI}/good.crt",
}
BASE: dict[str, Any] = {
    "bridges": [{"name": "br0", "mtu": 1450}],
    "name": "vx",
    "bridge": "br0",
    "remote_ip": PEER_UNDERLAY,
}
ADDRESSES = [f"tcp:127.0.0.1:{TCP}", f"ssl:127.0.0.1:{SSL}", f"tcp:{OWN}:{TCP}"]


@pytest.fixture(scope="module")
def certified(host: Ovs) -> Ovs:
    """The first host with keys and certificates."""
    host.sh(f"bash -e <<'END'\n{CERTIFICATES}END")
    return host


@pytest.fixture
def served(certified: Ovs, ovs: Ovs) -> Ovs:
    """A database that listens for tcp and ssl."""
    assert certified is ovs
    ovs.vsctl(LISTEN)
    eventually(lambda: f":{SSL} " in ovs.sh("ss -ltn"), "ovsdb-server listens")
    return ovs


@pytest.mark.parametrize("database", ADDRESSES)
def test_a_database_of_this_host_is_the_same_by_any_way(served: Ovs, database: str) -> None:
    """Also by an address that is not a loopback one: the kernel is looked at."""
    wanted = {**BASE, "database": database, **(KEYS if database.startswith("ssl") else {})}
    foreseen = served.foresees(**wanted)
    result = served.apply(**wanted)
    assert result["actions"] == foreseen["actions"] != []
    assert result["tunnels"][0]["device"]["state"] == "present"
    assert "warnings" not in result
    assert served.interface("vx")["options"]["remote_ip"] == PEER_UNDERLAY
    served.sh("ip link delete vxlan_sys_4789")
    assert [one["action"] for one in served.apply(**wanted)["actions"]] == ["recreate"]
    assert served.apply(**wanted)["actions"] == []
    assert served.apply(bridges=[], tunnels=[], purge=True, **_way(wanted))["changed"]
    assert served.bridges() == []


def _way(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name.startswith("database")}


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"database_ca_cert": f"{PKI}/bad.crt"}, ["the certificate of the database is not trusted"]),
    (
        {
            "database_private_key": f"{PKI}/stranger.key",
            "database_certificate": f"{PKI}/stranger.crt",
        },
        ["closed the connection before its first answer", "ovs-vsctl get-ssl"],
    ),
    (
        {"database_private_key": f"{PKI}/stranger.key"},
        ["database_private_key does not belong to database_certificate", "stranger.key"],
    ),
    (
        {"database_private_key": f"{PKI}/locked.key"},
        ["database_private_key is protected by a password"],
    ),
    ({"database_private_key": f"{PKI}/garbage.pem"}, ["database_private_key cannot be used"]),
    (
        {"database_certificate": f"{PKI}/none.crt"},
        ["database_certificate cannot be read: No such file or directory", f"{PKI}/none.crt"],
    ),
    ({"database_ca_cert": f"{PKI}/garbage.pem"}, ["database_ca_cert cannot be used"]),
    ({"database_ca_cert": None}, ["needs a key pair and a CA"]),
    ({"database": f"ssl:127.0.0.1:{TCP}"}, ["does not answer in TLS", "pssl:"]),
    (
        {"database": f"tcp:127.0.0.1:{SSL}"},
        ["before its first answer", "write ssl:"],
    ),
    ({"database": "tcp:127.0.0.1:6999"}, ["Connection refused", "ovs-vsctl get-manager"]),
    ({"database": "tcp:nowhere.invalid:6640"}, ["cannot connect", "tcp:nowhere.invalid:6640"]),
    ({"database": "tcp:127.0.0.1:99999"}, ["is not an OVSDB address"]),
]


def test_what_does_not_connect_says_why(served: Ovs) -> None:
    before, number = served.configuration(), served.next_cfg()
    wrong = {}
    for changes, texts in REFUSED:
        wanted = {**BASE, "database": f"ssl:127.0.0.1:{SSL}", **KEYS, **changes}
        said = served.fails(**{name: value for name, value in wanted.items() if value})
        if not all(text in said for text in texts):
            wrong[str(changes)] = said
    assert wrong == {}
    assert (served.configuration(), served.next_cfg()) == (before, number)


@pytest.fixture(scope="module")
def far(lab: Lab) -> Iterator[Ovs]:
    """The second host, from which the database of the first is managed."""
    target = Target(lab, "vtep2")
    found = Ovs(target)
    found.clean()
    yield found
    target.close()


@pytest.mark.parametrize("scheme", ["tcp", "ssl"])
def test_a_database_of_another_host(served: Ovs, far: Ovs, scheme: str) -> None:
    """Its kernel cannot be looked at from here: a warning says so, and what needs it is refused."""
    wanted = {**BASE, "database": f"tcp:{OWN}:{TCP}"}
    if scheme == "ssl":
        files = {name: served.sh(f"cat {path}") for name, path in KEYS.items()}
        far.sh(f"mkdir -p {PKI}")
        for name, text in files.items():
            far.sh(f"cat >{KEYS[name]} <<'END'\n{text}END")
        wanted = {**BASE, "database": f"ssl:{OWN}:{SSL}", **KEYS}
    links = far.sh("ip -br link")
    foreseen = far.foresees(**wanted)
    result = far.apply(**wanted)
    assert result["actions"] == foreseen["actions"] != []
    assert "is not on this host and was not looked at" in str(result["warnings"])
    assert "device" not in result["tunnels"][0]
    assert served.interface("vx")["ofport"] > 0
    assert served.target.vxlan("vxlan_sys_4789")["external"] is True
    assert far.bridges() == []
    assert far.sh("ip -br link") == links
    quiet = far.apply(**wanted, verify_kernel=False)
    assert (quiet["actions"], "warnings" in quiet) == ([], False)
    assert "verify_kernel needs a database on this host" in far.fails(**wanted, verify_kernel=True)
    local = {**wanted, "bridges": [{"name": "br0", "address": ["192.0.2.1/24"]}]}
    assert "are set in the kernel of this host, which is not looked at" in far.fails(**local)
    before = served.settings()
    with served.socket_on(4790):
        clash = far(**{**wanted, "name": "vy", "dst_port": 4790})
    assert "Address already in use" in clash["msg"]
    assert clash["rolled_back"] is True
    assert served.settings() == before


def test_a_network_namespace_is_another_host_too(served: Ovs) -> None:
    served.sh(
        "ip netns add far && ip link add near type veth peer name far netns far && "
        "ip address add 192.0.2.1/24 dev near && ip link set near up && "
        "ip -n far address add 192.0.2.2/24 dev far && ip -n far link set far up"
    )
    try:
        eventually(
            lambda: served.sh("ip netns exec far ping -c 1 -W 1 192.0.2.1 || true").count("1 rec"),
            "the namespace reaches the host",
        )
        wanted = {**BASE, "database": f"tcp:192.0.2.1:{TCP}", "netns": "far"}
        result = served.apply(**wanted)
        assert "was not looked at" in str(result["warnings"])
        assert served.interface("vx")["ofport"] > 0
        assert "network namespace 'none' does not exist" in served.fails(
            **{**wanted, "netns": "none"}
        )
    finally:
        served.sh("ip netns delete far")
