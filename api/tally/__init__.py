"""The count: the closed ballots, checked once more and multiplied once, and what trustees answer about the product (T5)."""
