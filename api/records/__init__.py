"""Release of the record: written from an allow-list, signed by the scrutineer, verified, and only then public (T2)."""
