"""A show to look at: pretend platforms on loopback, and what is done to them."""
