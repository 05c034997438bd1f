"""One reader for each family of formats: bytes in, parts out by way of a ``Reading``."""
