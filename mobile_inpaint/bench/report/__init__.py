"""Latency reports: schema, tables, plots, pages."""
