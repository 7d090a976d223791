"""Float networks into fewer bits."""
