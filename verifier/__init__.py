"""Verifies a published election record and nothing else: standard library alone, no code shared with the engine."""

__version__ = "0.1.0"
