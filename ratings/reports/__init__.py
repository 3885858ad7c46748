"""Reading: lists, the summary and the events, by the same filters everywhere."""
