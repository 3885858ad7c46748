"""A plausible history that never happened, and what is true of it: for the demo, for tests and for benchmarks. Pure.

The same plan always tells the same history. Everybody in it is made up; its desk is called `sample`, and so are its channel
accounts, so that nothing of it is ever sent anywhere.
"""
