"""One protocol per store; a `Transaction` of `ports.storage` holds them all."""
