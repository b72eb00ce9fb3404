"""What the Code of practice asks of a ballot before it opens: facts in, findings out, each with the paragraph. Nothing here is stored."""
