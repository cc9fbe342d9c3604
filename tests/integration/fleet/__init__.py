"""The mesh over an underlay of IPv6."""
