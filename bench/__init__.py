"""Benchmarks: each measures the product and its yardsticks interleaved, in ratios, and prints one JSON line."""

import cluster  # noqa: F401  # says Ray's environment before anything imports Ray
