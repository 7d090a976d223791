"""TFLite, run by LiteRT."""
