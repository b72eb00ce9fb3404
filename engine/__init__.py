"""The protocol: ElectionGuard 2.1.0 without pre-encrypted ballots. Plain Python; no framework, no database, no network.

Files are touched in `engine.record` alone.
"""
