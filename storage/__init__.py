"""Journal, rows, directory, cache and embedded servers: bytes and versions, no lending."""
