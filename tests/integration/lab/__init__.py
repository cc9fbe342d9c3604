"""The lab itself, by its command line, as people, Molecule and other programs use it."""
