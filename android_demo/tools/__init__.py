"""What builds the Android app out of pieces that npm, PyPI and Debian hold."""
