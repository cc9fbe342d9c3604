"""A part of the fleet is gone: the others converge, and hold their tunnels to it."""

from __future__ import annotations

from tests.integration.mesh.fleet import Fleet


def others(fleet: Fleet, host: str) -> set[str]:
    """Underlay addresses of everybody else."""
    return set(fleet.underlay.values()) - {fleet.underlay[host]}


def test_a_host_that_is_unreachable(either: Fleet) -> None:
    either.lab.kill("vtep3")
    try:
        run = either.play("mesh")
        assert run.status != 0
        assert set(run.failures) == {"vtep3"}, run.failures
        assert run.hosts == {"vtep1", "vtep2"}
        for host in ("vtep1", "vtep2"):
            assert either.remotes(host) == others(either, host)
        assert either.pings("vtep1", either.overlay["vtep2"], 1450)
        assert either.pings("vtep2", either.overlay["vtep1"], 1450)
        again = either.play("mesh")
        assert (again.hosts, set(again.failures)) == (set(), {"vtep3"})
    finally:
        either.lab.start("vtep3")
    healed = either.must("mesh")
    assert healed.hosts == {"vtep3"}
    either.assert_carries(1450)
