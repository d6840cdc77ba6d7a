"""What pages show: read-only queries, each naming its shop, from rows to small values of their own."""
