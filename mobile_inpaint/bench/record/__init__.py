"""Stored latency reports and what is read from them."""
