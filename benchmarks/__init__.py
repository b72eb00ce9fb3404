"""Benchmarks, with electionguard 1.4 beside ours; see README.md."""
