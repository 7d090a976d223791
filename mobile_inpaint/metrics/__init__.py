"""What is measured of a fill."""
