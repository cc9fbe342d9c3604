"""A fleet of five hosts, and one over IPv6."""
