"""Stateless actors, one per outside system: wire clients are handed in by cluster/."""
