"""How steady, detailed and true to its style painted video is: pure functions on frames."""
