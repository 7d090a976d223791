"""Mask shapes: strokes, silhouettes and mixes of them; numpy only."""
