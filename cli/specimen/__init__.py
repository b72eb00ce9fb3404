"""Specimens: large valid records for measurements and rehearsals, made within minutes from a seed.

A specimen proves nothing and protects nobody: no voter made its ballots, and every secret in it (choices, nonces, guardians' keys) follows
from the seed that its manifest names. To a verifier it is a record like any other.
"""
