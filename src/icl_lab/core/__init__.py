"""What everything else stands on: specs, registries, random streams, prompts, records, scales, safe files."""
