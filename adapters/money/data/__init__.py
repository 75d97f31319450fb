"""Data that is shipped with the package: the exchange rates and the transfer fees. Source: seed A, task 3."""
