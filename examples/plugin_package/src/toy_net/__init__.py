"""A small inpainting network, as an example of a family outside mobile-inpaint."""
