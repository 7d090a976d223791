"""Picture files: formats, metadata, EXIF."""
