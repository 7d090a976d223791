"""Debian's Python for ARM64 and the runtimes' ARM64 wheels, by qemu on another processor: what they compute, not how fast."""
