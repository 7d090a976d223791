"""Weights in files: the store, readers of each format, fetchers."""
