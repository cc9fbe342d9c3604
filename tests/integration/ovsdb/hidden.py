"""What must never show: how the peers of IPsec tunnels are authenticated."""

from __future__ import annotations

SECRETS = {
    "psk": "swordfish-7",
    "remote_cert": "/etc/keys/clownfish.pem",
    "remote_name": "jellyfish.example.org",
}
# What all of them have in common, and nothing else has.
TRACE = "fish"
