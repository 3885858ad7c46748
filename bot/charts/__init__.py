"""Charts: from figures to Vega-Lite specifications and to the tables that say the same. Pure, but for what draws pictures.

A specification holds no colour of its own: it names styles, and a theme says what they look like. The browser draws it, or a
process of its own makes a picture of it, without a network.
"""
