"""Apple's devices from a Mac: which are connected, and Core ML's own timing and that of an app's tests."""
