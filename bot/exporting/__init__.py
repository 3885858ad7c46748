"""The registry as a file: exactly what is filtered, in its order, in columns that were chosen.

Rows are read in chunks by keys, each in a short transaction of its own, so that memory and locks do not grow with the file.
"""
