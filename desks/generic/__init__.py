"""Any desk that can post a webhook: its closings come in, signed, and results go back to its callback."""
