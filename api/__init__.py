"""The platform: each folder is a service with a database of its own."""
