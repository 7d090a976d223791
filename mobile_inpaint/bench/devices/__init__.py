"""Kinds of device, one a file, each with ``connect(name, row) -> Device``."""
