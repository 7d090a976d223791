"""MI-GAN and migan-lite."""
