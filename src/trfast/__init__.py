"""Who speaks when, and who is the same person across recordings."""
