"""Ballots as events: what each is about, where it stands, and the two persons that every step takes."""
