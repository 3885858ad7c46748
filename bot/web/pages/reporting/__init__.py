"""The dashboard, the table of agents, and the pictures of their charts: the same filters, figures and rights for all."""
