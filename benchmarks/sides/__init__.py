"""The processes that Tapfive is measured against, and the stand-ins that both sides talk to."""
