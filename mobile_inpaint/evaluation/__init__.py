"""Fills scored against ground truth."""
