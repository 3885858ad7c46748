"""The domain (pure: standard library only, the clock passed in) and the shared SQL store with its reports."""
