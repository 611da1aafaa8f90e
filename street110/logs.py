"""Structured logs on standard error: one JSON object a line, or coloured lines for people."""

import logging
import sys

import structlog

from street110.config import LogConfig

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up_logs(config: LogConfig) -> None:
    """Send everything to standard error in the configured form."""
    level = LEVELS[config.level]
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
    render = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if config.form == "json"
        else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
