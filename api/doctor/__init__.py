"""Looks over an installation: what is wrong with its environment, and exactly what to do about it."""
