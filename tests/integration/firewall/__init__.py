"""The firewall table of the role vtep, between two network namespaces of this machine."""
