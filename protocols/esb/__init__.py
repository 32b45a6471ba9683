"""The ESB front: frames of TCP-XML <-> one canonical message <-> operations.

Way of a message: `listener` -> `framing` -> `xml` -> `dialects` -> `message` -> `service` (and `fields`) -> the front
shared with REST; the reply goes the same way back. `client` is the other side, for outside systems.
"""
