"""What both kinds of adapter need of the network; knows nothing of tickets or ratings."""
