"""The user database: people and how to reach them, no voting information."""
