"""Where prices come from: files, a feed over HTTP, a simulated market."""
