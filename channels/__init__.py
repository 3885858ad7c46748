"""One module per channel kind: ways to the customer. They see choices, never a rating scale."""
