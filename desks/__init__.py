"""One module per helpdesk: what closes tickets and takes results back."""
