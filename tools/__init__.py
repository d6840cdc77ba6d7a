"""What a developer runs: setting up, the demo, pictures, longer proofs."""
