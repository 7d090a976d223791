"""Measuring artifacts: a protocol, a report that keeps every raw time, devices, and published timings to set beside them."""
