"""Logging of every process: one JSON line per event on stderr, no personal data (callers log ids and codes only)."""

import logging
import sys

import structlog


def setup_logs(debug: bool = False, *, quiet: bool = False) -> None:
    """Configure structlog and the standard library once per process; ``quiet`` shows warnings and above only."""
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    logging.basicConfig(stream=sys.stderr, level=max(level, logging.WARNING), format="%(message)s")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
