"""Where a ballot stands, and what its report says: from the databases as they are, nothing kept beside them."""
