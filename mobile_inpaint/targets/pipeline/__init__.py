"""The compositor around a network in one file."""
